"""`manage.py doctor`: each of these wrong settings and files is named by its code, and a right platform has none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from joulemark_site.doctor import file_checks, settings_checks
from tests.doctor_examinations import PUBLIC, found, prepared_place
from tests.processes import ROOT

WRONG_SETTINGS: list[tuple[str, dict[str, str]]] = [
    ("JM-CONF-NAME JOULEMARK_ORIGN", {"JOULEMARK_ORIGN": "https://joulemark.example"}),
    ("JM-CONF-NAME JOULEMARK_ADMIN_NETWORK", {"JOULEMARK_ADMIN_NETWORK": "203.0.113.0/24"}),
    ("JM-CONF-NAME joulemark_proxies", {"joulemark_proxies": "1"}),
    ("JM-CONF-NAME JOULMARK_RATES", {"JOULMARK_RATES": "result=1/h"}),
    ("JM-CONF-NAME DATABASE_URI", {"DATABASE_URI": "postgresql://x@y/z"}),
    ("JM-CONF-NAME JOULEMARK_COLOUR", {"JOULEMARK_COLOUR": "blue"}),
    ("JM-CONF-VALUE JOULEMARK_ORIGIN", {"JOULEMARK_ORIGIN": "joulemark.example"}),
    ("JM-CONF-VALUE JOULEMARK_SWEEP_EVERY_S", {"JOULEMARK_SWEEP_EVERY_S": "a minute"}),
    ("JM-CONF-VALUE JOULEMARK_TASK_LIMIT_S", {"JOULEMARK_TASK_LIMIT_S": "0"}),
    ("JM-CONF-VALUE JOULEMARK_DEBUG", {"JOULEMARK_DEBUG": "perhaps"}),
    ("JM-CONF-VALUE JOULEMARK_PROXIES", {"JOULEMARK_PROXIES": "one"}),
    ("JM-CONF-VALUE JOULEMARK_LOG_LEVEL", {"JOULEMARK_LOG_LEVEL": "LOUD"}),
    ("JM-CONF-VALUE JOULEMARK_RATES", {"JOULEMARK_RATES": "results=5/h"}),
    ("JM-CONF-VALUE JOULEMARK_LOG_WITNESSES", {"JOULEMARK_LOG_WITNESSES": "witness"}),
    (
        "JM-CONF-VALUE JOULEMARK_LOG_WITNESS_ADDRESSES",
        {"JOULEMARK_LOG_WITNESS_ADDRESSES": "stranger=https://stranger.example"},
    ),
    ("JM-CONF-VALUE JOULEMARK_ADMIN_NETWORKS", {"JOULEMARK_ADMIN_NETWORKS": "203.0.113.5/24"}),
    ("JM-CONF-VALUE JOULEMARK_ADMIN_HOSTS", {"JOULEMARK_ADMIN_HOSTS": "*.example"}),
    ("JM-CONF-VALUE JOULEMARK_SECOND_FACTOR", {"JOULEMARK_SECOND_FACTOR": "yes"}),
    ("JM-CONF-VALUE JOULEMARK_SUITES", {"JOULEMARK_SUITES": "/nowhere/at/all"}),
    ("JM-CONF-VALUE JOULEMARK_DATA_DIR", {"JOULEMARK_DATA_DIR": "/dev/null/here"}),
    ("JM-CONF-VALUE JOULEMARK_DATABASE_DIR", {"JOULEMARK_DATABASE_DIR": "postgresql/data"}),
    ("JM-CONF-VALUE DATABASE_URL", {"DATABASE_URL": "mysql://joulemark@database/joulemark"}),
    ("JM-CONF-VALUE DATABASE_PASSWORD_FILE", {"DATABASE_PASSWORD_FILE": "/nowhere/password"}),
    ("JM-CONF-VALUE REDIS_URL", {"REDIS_URL": "queue:6379"}),
    ("JM-CONF-HOSTS-ANY JOULEMARK_ALLOWED_HOSTS", {"JOULEMARK_ALLOWED_HOSTS": "*"}),
    ("JM-CONF-HOSTS-ORIGIN JOULEMARK_ALLOWED_HOSTS", {"JOULEMARK_ALLOWED_HOSTS": "localhost"}),
    ("JM-CONF-ORIGIN-HTTP JOULEMARK_ORIGIN", {"JOULEMARK_ORIGIN": "http://joulemark.example"}),
    ("JM-CONF-PROXIES-NONE JOULEMARK_PROXIES", {"JOULEMARK_PROXIES": "0"}),
    ("JM-CONF-PROXIES-MANY JOULEMARK_PROXIES", {"JOULEMARK_PROXIES": "9"}),
    ("JM-CONF-DEBUG JOULEMARK_DEBUG", {"JOULEMARK_DEBUG": "1"}),
    ("JM-CONF-HSTS JOULEMARK_HSTS_S", {"JOULEMARK_HSTS_S": "0"}),
    ("JM-CONF-REDIRECT JOULEMARK_HTTPS_REDIRECT", {"JOULEMARK_HTTPS_REDIRECT": "0"}),
    ("JM-CONF-PERMISSIONS JOULEMARK_PERMISSIONS_POLICY", {"JOULEMARK_PERMISSIONS_POLICY": "camera=*"}),
    ("JM-CONF-SECRET-WEAK JOULEMARK_SECRET_KEY", {"JOULEMARK_SECRET_KEY": "changeme"}),
    ("JM-CONF-SECRET-IN-ENVIRONMENT DATABASE_URL", {"DATABASE_URL": "postgresql://u:p@database/joulemark"}),
    ("JM-CONF-SECRET-IN-ENVIRONMENT JOULEMARK_LOG_KEY", {"JOULEMARK_LOG_KEY": "-----BEGIN"}),
    ("JM-CONF-SQLITE-WORKERS DATABASE_URL", {"DATABASE_URL": ""}),
    ("JM-CONF-NO-QUEUE REDIS_URL", {"REDIS_URL": ""}),
    ("JM-CONF-SQLITE-PUBLIC DATABASE_URL", {"DATABASE_URL": "", "REDIS_URL": ""}),
    ("JM-CONF-ADMIN-OPEN JOULEMARK_ADMIN_NETWORKS", {"JOULEMARK_ADMIN_NETWORKS": "0.0.0.0/0"}),
    (
        "JM-CONF-ADMIN-NETWORKS-PROXY JOULEMARK_ADMIN_NETWORKS",
        {"JOULEMARK_ADMIN_NETWORKS": "203.0.113.0/24", "JOULEMARK_PROXIES": "0"},
    ),
    ("JM-CONF-ADMIN-HOST-SAME JOULEMARK_ADMIN_HOSTS", {"JOULEMARK_ADMIN_HOSTS": "joulemark.example"}),
    ("JM-CONF-SESSION JOULEMARK_SESSION_S", {"JOULEMARK_SESSION_S": "99999999"}),
    ("JM-CONF-SECOND-FACTOR-OFF JOULEMARK_SECOND_FACTOR", {"JOULEMARK_SECOND_FACTOR": "off"}),
    ("JM-CONF-INTERVAL JOULEMARK_SWEEP_WAITING_S", {"JOULEMARK_SWEEP_WAITING_S": "86400"}),
    ("JM-CONF-INTERVAL JOULEMARK_LOG_EVERY_S", {"JOULEMARK_LOG_EVERY_S": "3600"}),
    ("JM-CONF-INTERVAL JOULEMARK_TASK_LIMIT_S", {"JOULEMARK_TASK_LIMIT_S": "7200"}),
    ("JM-CONF-INTERVAL JOULEMARK_STATEMENT_LIMIT_S", {"JOULEMARK_STATEMENT_LIMIT_S": "600"}),
]


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    return prepared_place(tmp_path)


def test_a_right_environment_has_none(tmp_path: Path) -> None:
    assert found(settings_checks.CHECKS, {**PUBLIC, "JOULEMARK_DATA_DIR": str(tmp_path)}) == set()
    assert found(settings_checks.CHECKS, {"JOULEMARK_DATA_DIR": str(tmp_path)}) == set(), "the embedded one"


@pytest.mark.parametrize(("expected", "variables"), WRONG_SETTINGS, ids=[code for code, _ in WRONG_SETTINGS])
def test_a_wrong_setting_is_named(tmp_path: Path, expected: str, variables: dict[str, str]) -> None:
    assert expected in found(
        settings_checks.CHECKS, {**PUBLIC, "JOULEMARK_DATA_DIR": str(tmp_path), **variables}
    )


def test_looking_makes_no_file(tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    found(settings_checks.CHECKS + file_checks.CHECKS, {"JOULEMARK_DATA_DIR": str(tmp_path / "new")})
    assert set(tmp_path.iterdir()) == before


def _open(path: Path) -> None:
    path.chmod(0o644)


def _share_a_key(data: Path) -> None:
    (data / "log-key.pem").unlink()
    (data / "log-key.pem").symlink_to(data / "platform-key.pem")


def _log(data: Path) -> Path:
    return data.parent / "files" / "log"


WRONG_FILES: list[tuple[str, Callable[[Path], object]]] = [
    ("JM-FILE-DATA JOULEMARK_DATA_DIR", shutil.rmtree),
    ("JM-FILE-DATA-OPEN JOULEMARK_DATA_DIR", lambda data: data.chmod(0o755)),
    ("JM-FILE-LOG JOULEMARK_LOG_DIR", lambda data: _log(data).rmdir()),
    ("JM-FILE-LOG-CLOSED JOULEMARK_LOG_DIR", lambda data: _log(data).chmod(0o700)),
    ("JM-FILE-LOG-CLOSED JOULEMARK_LOG_DIR", lambda data: _log(data).parent.chmod(0o750)),
    ("JM-KEY-PLATFORM-MISSING JOULEMARK_PLATFORM_KEY_FILE", lambda data: (data / "platform-key.pem").unlink()),
    (
        "JM-KEY-PLATFORM-DAMAGED JOULEMARK_PLATFORM_KEY_FILE",
        lambda data: (data / "platform-key.pem").write_text("garbage"),
    ),
    ("JM-KEY-PLATFORM-OPEN JOULEMARK_PLATFORM_KEY_FILE", lambda data: _open(data / "platform-key.pem")),
    ("JM-KEY-LOG-MISSING JOULEMARK_LOG_KEY_FILE", lambda data: (data / "log-key.pem").unlink()),
    ("JM-KEY-LOG-DAMAGED JOULEMARK_LOG_KEY_FILE", lambda data: (data / "log-key.pem").write_text("")),
    ("JM-KEY-LOG-OPEN JOULEMARK_LOG_KEY_FILE", lambda data: _open(data / "log-key.pem")),
    ("JM-FILE-SECRET-OPEN JOULEMARK_DATA_DIR", lambda data: _open(data / "secret-key")),
    ("JM-CONF-VALUE JOULEMARK_SECRET_KEY", lambda data: (data / "secret-key").write_text("")),
    ("JM-FILE-STATIC JOULEMARK_DATA_DIR", lambda data: shutil.rmtree(data / "static")),
    (
        "JM-CONF-KEYS-SAME JOULEMARK_LOG_KEY_FILE",
        _share_a_key,
    ),
]  # fmt: skip


def test_right_files_have_none(place: dict[str, str]) -> None:
    assert found([*settings_checks.CHECKS, *file_checks.CHECKS], place) <= {
        "JM-FILE-LOG-CLOSED JOULEMARK_LOG_DIR"
    }
    del place["JOULEMARK_PROXIES"]  # the folder of all tests may be closed to others
    assert found(file_checks.CHECKS, place) == set()


@pytest.mark.parametrize(("expected", "spoil"), WRONG_FILES, ids=[code for code, _ in WRONG_FILES])
def test_a_wrong_file_is_named(place: dict[str, str], expected: str, spoil: Callable[[Path], object]) -> None:
    spoil(Path(place["JOULEMARK_DATA_DIR"]))
    assert expected in found([*settings_checks.CHECKS, *file_checks.CHECKS], place)


def have_free(monkeypatch: pytest.MonkeyPatch, *, share: float) -> None:
    """Every disk is of a terabyte and has this share of it left, whatever this machine's own have."""
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil's own
    total = 10**12
    free = int(total * share)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(total, total - free, free))


def test_a_full_disk_is_named(place: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    have_free(monkeypatch, share=0.0001)
    assert "JM-FILE-DISK JOULEMARK_DATA_DIR" in found(file_checks.MACHINE_CHECKS, place)


def test_the_disk_of_the_database_is_looked_at_or_the_doctor_says_that_it_is_not(
    place: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_free(monkeypatch, share=0.5)
    checks, name = file_checks.MACHINE_CHECKS, "JOULEMARK_DATABASE_DIR"
    assert f"JM-FILE-DATABASE-UNSEEN {name}" in found(checks, place)
    assert f"JM-FILE-DATABASE {name}" in found(checks, {**place, name: str(tmp_path / "away")})
    assert not [finding for finding in found(checks, {**place, name: str(tmp_path)}) if name in finding]
    embedded = {**place, "DATABASE_URL": ""}
    assert not [finding for finding in found(checks, embedded) if name in finding]


def test_the_command_tells_all_of_them_at_once_and_fails(tmp_path: Path) -> None:
    hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    wrong = {"JOULEMARK_DATA_DIR": str(tmp_path), "JOULEMARK_ORIGN": "x", "JOULEMARK_RATES": "result=lots"}
    command = [sys.executable, "manage.py", "doctor", "--inside", "--json"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, **wrong, "HF_ENDPOINT": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    codes = {(finding["code"], finding["subject"]) for finding in told["findings"]}
    assert {("JM-CONF-NAME", "JOULEMARK_ORIGN"), ("JM-CONF-VALUE", "JOULEMARK_RATES")} <= codes
    assert {"code", "level", "subject", "sentence", "remedy"} == set(told["findings"][0])
    assert "names" in told["completed"]


def test_a_name_with_a_slip_stops_every_start(tmp_path: Path) -> None:
    hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=ROOT,
        env={**environment, "JOULEMARK_DATA_DIR": str(tmp_path), "JOULEMARK_ADMIN_NETWORK": "203.0.113.0/24"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode != 0
    assert "JOULEMARK_ADMIN_NETWORKS is one" in done.stderr
    assert not list(tmp_path.glob("*.sqlite3"))
