"""The setting of docker-compose.yml: Django's check for public sites and the doctor find nothing in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from joulemark_site.doctor import database_checks, settings_checks
from joulemark_site.setting_names import OF_OTHERS, SETTING_NAMES
from tests.doctor_examinations import found
from tests.fresh_settings import settings_of
from tests.processes import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
GIVEN = {"JOULEMARK_ORIGIN": "https://joulemark.example"}
"""What docs/operations.md has an operator write into .env."""


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """The environment of the platform's services, with files where this machine has some."""
    (tmp_path / "password").write_text("of-the-database")
    environment = {
        name: re.sub(r"\$\{(\w+):?[-?]?([^}]*)\}", lambda use: GIVEN.get(use[1], use[2]), str(value))
        for name, value in COMPOSE["x-platform"]["environment"].items()
    }
    return environment | {
        "DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "JOULEMARK_DATA_DIR": str(tmp_path / "data"),
        "JOULEMARK_LOG_DIR": str(tmp_path / "log"),
        "JOULEMARK_RELEASES_DIR": str(tmp_path / "releases"),
    }


def test_djangos_check_for_public_sites_finds_nothing(variables: dict[str, str]) -> None:
    hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"}
    outside = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=outside | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_the_doctor_finds_nothing_in_it(variables: dict[str, str]) -> None:
    assert found(settings_checks.CHECKS, variables) == set()


def test_connections_are_counted_as_the_containers_have_them(variables: dict[str, str]) -> None:
    (allowed,) = re.findall(r"max_connections=(\d+)", " ".join(COMPOSE["services"]["database"]["command"]))
    web = COMPOSE["services"]["web"]["command"]
    judge = COMPOSE["services"]["judge"]["command"]
    assert web[web.index("--workers") + 1] == variables["JOULEMARK_WEB_PROCESSES"]
    assert judge[judge.index("--concurrency") + 1] == variables["JOULEMARK_JUDGES"]
    with settings_of(variables):
        assert database_checks.needed_connections() <= int(allowed) - 3


def test_every_variable_that_operators_read_of_is_known() -> None:
    table = OPERATIONS.partition("## Environment")[2].partition("\n## ")[0]
    documented = set(
        re.findall(r"`(JOULEMARK_\w+)`(?=[^|]*\|)", "\n".join(re.findall(r"(?m)^\| .*?\|", table)))
    )
    assert len(documented) > 30
    assert documented <= SETTING_NAMES
    ours = {name for name in SETTING_NAMES if name.startswith("JOULEMARK_") and name != "JOULEMARK_UNSET"}
    of_files = {f"{name}_FILE" for name in documented}  # a sentence below the table names them
    assert ours - documented - of_files == set(), "every variable is in the table"
    assert set(COMPOSE["services"]["proxy"]["environment"]) <= OF_OTHERS


def test_what_waits_for_strangers_never_holds_all_processes_of_the_log() -> None:
    """Each task of `outgoing` runs once at a time, so that the log has a process beside as many."""
    waiting = [
        name
        for name, route in settings.CELERY_TASK_ROUTES.items()
        if route["queue"] == settings.OUTGOING_QUEUE
    ]
    commands = [service.get("command", []) for service in COMPOSE["services"].values()]
    shared = [
        words
        for words in commands
        if "--queues" in words and "log" in words[words.index("--queues") + 1].split(",")
    ]
    assert shared
    for words in shared:
        assert int(words[words.index("--concurrency") + 1]) > len(waiting)
