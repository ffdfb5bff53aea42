"""No command prints a password, a key or a secret, whatever is wrong with the settings that hold them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from joulemark.record import keys
from joulemark_site.doctor import database_checks, file_checks, queue_checks, settings_checks
from joulemark_site.doctor.examination import examine
from tests.doctor_examinations import PUBLIC
from tests.fresh_settings import settings_of
from tests.planted_secrets import PLACES, VALUES, VARIABLES, WORD, assert_clean
from tests.processes import ROOT, free_port


@pytest.mark.parametrize("name", sorted(set(VARIABLES) - PLACES))
def test_the_doctor_prints_no_unusable_value(name: str, tmp_path: Path) -> None:
    """Nor does a start: see test_secrets_stay_secret."""
    for value in (VALUES["a password"], VALUES["an address that ends in one"]):
        variables = {"JOULEMARK_DATA_DIR": str(tmp_path), name: value}
        with settings_of(variables) as faults:
            report = examine([*settings_checks.CHECKS, *file_checks.CHECKS], faults=faults)
        assert_clean(str(report))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": f"postgresql://joulemark:{WORD}@127.0.0.1:1/joulemark"},
        {"DATABASE_URL": f"postgresql://joulemark:{WORD}@no.such.host.invalid/joulemark"},
        {"DATABASE_URL": f"host=127.0.0.1 port=1 dbname=x password={WORD}"},
        {"REDIS_URL": f"redis://:{WORD}@127.0.0.1:1/0"},
        {"REDIS_URL": f"redis://user:{WORD}@no.such.host.invalid/0"},
        {"JOULEMARK_LOG_KEY": f"-----BEGIN PRIVATE KEY-----\n{WORD}\n-----END PRIVATE KEY-----"},
        {"JOULEMARK_SECRET_KEY": WORD},
    ],
    ids=[
        "database away",
        "no database host",
        "database words",
        "queue away",
        "no queue host",
        "log key",
        "secret",
    ],
)
def test_a_service_that_fails_gives_no_password_away(variables: dict[str, str], tmp_path: Path) -> None:
    checks = [
        *settings_checks.CHECKS,
        *file_checks.CHECKS,
        *database_checks.CHECKS[:4],
        *queue_checks.CHECKS[:1],
    ]
    with settings_of({**PUBLIC, "JOULEMARK_DATA_DIR": str(tmp_path), **variables}) as faults:
        told = examine(checks, faults=faults)
    assert told.findings
    assert_clean(str(told))


COMMANDS = {
    "check": ("manage.py", "check", "--deploy"),
    "prepare": ("manage.py", "prepare"),
    "serve": ("manage.py", "serve", "--bind", "127.0.0.1:0"),
    "doctor": ("manage.py", "doctor", "--inside", "--json"),
    "worker": ("-m", "celery", "--app", "joulemark_site.celery", "worker", "--pool", "solo", "--loglevel", "DEBUG"),
    "beat": ("-m", "celery", "--app", "joulemark_site.celery", "beat", "--scheduler", "celery.beat.Scheduler",
             "--pidfile=", "--loglevel", "DEBUG"),
}  # fmt: skip
LONG_ENOUGH_S = 12
"""For a worker and a beat to fail to reach their queue and say so; they go on trying."""


@pytest.mark.processes
@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_process_that_reaches_nothing_gives_nothing_away(command: str, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(WORD)
    password.chmod(0o600)
    key = keys.to_pem(keys.generate()).decode()
    hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden} | {
        "JOULEMARK_DATA_DIR": str(tmp_path / "data"),
        "JOULEMARK_ORIGIN": "https://joulemark.example",
        "JOULEMARK_PROXIES": "1",
        "JOULEMARK_LOG_LEVEL": "DEBUG",
        "JOULEMARK_SECRET_KEY": f"{WORD}-which-is-long-enough-to-be-used",
        "JOULEMARK_LOG_KEY": key,
        "DATABASE_URL": f"postgresql://joulemark:{WORD}@127.0.0.1:{free_port()}/joulemark",
        "DATABASE_PASSWORD_FILE": str(password),
        "REDIS_URL": f"redis://:{WORD}@127.0.0.1:{free_port()}/0",
        "HF_TOKEN": WORD,
        "HF_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "platform", "agent", "simulation")),
    }
    output = tmp_path / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, *COMMANDS[command]], cwd=ROOT, env=environment, stdout=stream, stderr=stream
        )
        try:
            code = process.wait(timeout=LONG_ENOUGH_S if command in ("worker", "beat") else 120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            code = None
    told = output.read_text(errors="replace")
    assert told.strip(), "it says something"
    assert code != 0 or command == "check"
    assert_clean(told)
    assert key.splitlines()[1] not in told
    if command in ("prepare", "serve"):
        assert "Traceback" not in told
        assert "The database does not answer" in told
