"""No command prints a password, a key or a secret, whatever is wrong with the settings that hold them."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from joulemark.record import keys
from joulemark_site.doctor import database_checks, file_checks, queue_checks, settings_checks
from joulemark_site.doctor.examination import examine
from joulemark_site.environment import BadSetting
from joulemark_site.setting_names import SETTING_NAMES
from tests.doctor_examinations import PUBLIC
from tests.fresh_settings import read_settings_strictly, settings_of
from tests.processes import ROOT, free_port

PLANTED = "s3cr3t-planted-by-this-test"
PLACES = {
    "JOULEMARK_DATA_DIR", "JOULEMARK_LOG_DIR", "JOULEMARK_PLATFORM_KEY_FILE", "JOULEMARK_LOG_KEY_FILE",
    "JOULEMARK_SUITES", "DATABASE_PASSWORD_FILE", "JOULEMARK_DATABASE_DIR",
}  # fmt: skip
"""Their values are paths, which a sentence must name to be of use."""
SHAPES = (
    "{}",
    "postgresql://{}@[",
    "redis://:{}@queue:port/0",
    "https://user:{}@host/path",
    "1{}",
    "a,{}",
    "{}+1+{}",
)


def fault_of(variables: dict[str, str]) -> BadSetting | None:
    """Why a process would not start."""
    try:
        read_settings_strictly(variables)
    except BadSetting as error:
        return error
    return None


@pytest.mark.parametrize("name", sorted(SETTING_NAMES - PLACES))
def test_an_unusable_value_is_not_printed(name: str, tmp_path: Path) -> None:
    """As a sentence, in the traceback that Celery prints, and by the doctor."""
    for shape in SHAPES:
        variables = {"JOULEMARK_DATA_DIR": str(tmp_path), name: shape.replace("{}", PLANTED)}
        error = fault_of(variables)
        if error is not None:
            assert name in str(error)
            assert PLANTED not in "".join(traceback.format_exception(error)), shape
    for shape in SHAPES[:2]:
        variables = {"JOULEMARK_DATA_DIR": str(tmp_path), name: shape.replace("{}", PLANTED)}
        with settings_of(variables) as faults:
            told = examine([*settings_checks.CHECKS, *file_checks.CHECKS], faults=faults)
        assert PLANTED not in str(told), shape


@pytest.mark.django_db
@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": f"postgresql://joulemark:{PLANTED}@127.0.0.1:1/joulemark"},
        {"DATABASE_URL": f"postgresql://joulemark:{PLANTED}@no.such.host.invalid/joulemark"},
        {"DATABASE_URL": f"host=127.0.0.1 port=1 dbname=x password={PLANTED}"},
        {"REDIS_URL": f"redis://:{PLANTED}@127.0.0.1:1/0"},
        {"REDIS_URL": f"redis://user:{PLANTED}@no.such.host.invalid/0"},
        {"JOULEMARK_LOG_KEY": f"-----BEGIN PRIVATE KEY-----\n{PLANTED}\n-----END PRIVATE KEY-----"},
        {"JOULEMARK_SECRET_KEY": PLANTED},
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
    assert PLANTED not in str(told)


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
    password.write_text(PLANTED)
    password.chmod(0o600)
    key = keys.to_pem(keys.generate()).decode()
    hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden} | {
        "JOULEMARK_DATA_DIR": str(tmp_path / "data"),
        "JOULEMARK_ORIGIN": "https://joulemark.example",
        "JOULEMARK_PROXIES": "1",
        "JOULEMARK_LOG_LEVEL": "DEBUG",
        "JOULEMARK_SECRET_KEY": f"{PLANTED}-which-is-long-enough-to-be-used",
        "JOULEMARK_LOG_KEY": key,
        "DATABASE_URL": f"postgresql://joulemark:{PLANTED}@127.0.0.1:{free_port()}/joulemark",
        "DATABASE_PASSWORD_FILE": str(password),
        "REDIS_URL": f"redis://:{PLANTED}@127.0.0.1:{free_port()}/0",
        "HF_TOKEN": PLANTED,
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
    for secret in (PLANTED, *key.splitlines()[1:-1]):
        assert secret not in told
    if command in ("prepare", "serve"):
        assert "Traceback" not in told
        assert "The database does not answer" in told
