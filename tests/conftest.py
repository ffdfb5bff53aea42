"""What every test shares. The tests run beside real servers, which `make test` starts."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, settings

from joulemark_simulation.services import services
from tests import migrated
from tests.contract.attacks.printed import AttackTable
from tests.reader_client import ReaderClient

SERVERS = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Say at once what is missing, instead of failing test by test."""
    if not os.environ.get("DATABASE_URL"):
        raise pytest.UsageError(
            "No DATABASE_URL: run `make test`, or `python simulation/joulemark_simulation/services.py -- pytest`; "
            "both start the servers."
        )
    os.environ["JOULEMARK_LANG"] = "en"  # whatever the developer's own language is
    _expect_a_busy_machine()
    config.pluginmanager.register(AttackTable())
    config.stash[SERVERS] = ExitStack()
    config.add_cleanup(config.stash[SERVERS].close)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """Where several processes share the tests, each has servers of its own; the first takes those that are there.

    So no database, no number of a Redis and no lock in them can be another test's at the same time.
    """
    templates = str(migrated.make_folder())
    for spec in specs:
        spec.env[migrated.FOLDER] = templates
    for spec in specs[1:]:
        servers = config.stash[SERVERS].enter_context(services())
        spec.env.update(servers.environment())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long begin first, so that no process waits for another in the end; else in chance's order."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    for item in items:
        if item.get_closest_marker("long") or item.get_closest_marker("laws"):
            item.add_marker(
                pytest.mark.no_cover
            )  # they repeat what others cover, and tracing would double their time


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Where coverage was measured, state the share of lines for each package, and for both: a line each."""
    plugin = config.pluginmanager.get_plugin("_cov")
    if plugin is None or plugin.cov_controller is None or plugin.cov_controller.cov is None:
        return
    measured = plugin.cov_controller.combining_cov or plugin.cov_controller.cov
    file = config.rootpath / "build" / "coverage.json"
    measured.json_report(outfile=str(file))
    summaries = {name: of["summary"] for name, of in json.loads(file.read_text())["files"].items()}
    for package in ("measurements/", "agent/joulemark/", ""):
        parts = [summary for name, summary in summaries.items() if name.startswith(package)]
        lines = sum(summary["num_statements"] for summary in parts)
        covered = sum(summary["covered_lines"] for summary in parts)
        terminalreporter.write_line(
            f"coverage of {package or 'both'}: at least {covered / lines:.1%} of {lines} lines; "
            "tests marked long or laws are not traced"
        )


def _expect_a_busy_machine() -> None:
    """How fast an example goes is no property of the code: the other tests share the machine."""
    now = settings.get_current_profile_name()
    busy = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("busy machine", parent=settings.get_profile(now), **busy)
    settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The database of the tests is a copy of the migrated one: Django finds no migration left to apply."""
    tests_own: dict[str, object] = connection.settings_dict["TEST"]
    tests_own["TEMPLATE"] = migrated.migrated_database(os.environ["DATABASE_URL"])


@pytest.fixture(autouse=True)
def tasks_in_process() -> None:
    """Tasks run where they are called; tests of a real worker start one in a process of its own."""
    current_app.conf.task_always_eager = True


@pytest.fixture
def client() -> Client:
    """Django's client, which goes on from an address without a language to the page in its reader's."""
    return ReaderClient()
