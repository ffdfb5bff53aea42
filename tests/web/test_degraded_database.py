"""A database that is slow, locked or away: limits by role, a short line, and no row that everybody waits for."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError, connection, connections
from django.test import Client

from joulemark_simulation.services import services
from joulemark_site import database_limits, environment
from joulemark_site.outage_lines import ShortOutages
from measurements.intake import refusal_counts
from measurements.intake.models import RefusalCount
from tests.processes import Platform, platform, wait_until


@pytest.fixture
def limited(db: None) -> Iterator[Any]:
    """A way to a new connection of a process with a role."""
    description = connections.settings["default"]
    before = dict(description["OPTIONS"])

    def connect(role: str) -> Any:
        database_limits.limit_statements(role)
        wrapper = connection.copy()
        wrapper.settings_dict = {**connection.settings_dict, "OPTIONS": description["OPTIONS"]}
        return wrapper

    yield connect
    description["OPTIONS"].clear()
    description["OPTIONS"].update(before)


@pytest.mark.parametrize("role", [database_limits.WEB, database_limits.WORKER])
def test_statements_and_locks_are_limited_by_role(limited: Any, settings: Any, role: str) -> None:
    wrapper = limited(role)
    with wrapper.cursor() as cursor:
        for name, seconds in database_limits.limits_s(role).items():
            cursor.execute("SELECT setting::int / 1000 FROM pg_settings WHERE name = %s", [name])
            assert cursor.fetchone() == (seconds,), name
    wrapper.close()


def test_a_limit_ends_a_statement(limited: Any, settings: Any) -> None:
    settings.STATEMENT_LIMIT_S = 1
    wrapper = limited(database_limits.WEB)
    with pytest.raises(OperationalError, match="statement timeout"), wrapper.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(300)")  # ends without an error where nothing ends it
    wrapper.close()


def test_limits_fit_each_other(settings: Any) -> None:
    web, worker = database_limits.limits_s("web"), database_limits.limits_s("worker")
    assert web["statement_timeout"] < 60, "a proxy waits for a minute"
    assert worker["statement_timeout"] < settings.CELERY_TASK_TIME_LIMIT, "a task is killed at its limit"
    for limits in (web, worker):
        assert (
            limits["lock_timeout"]
            < limits["statement_timeout"]
            < limits["idle_in_transaction_session_timeout"]
        )


def test_a_connection_is_checked_and_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u@h/d?connect_timeout=2&options=-c%20jit%3Doff")
    read: Any = environment.database("DATABASE_URL", tmp_path)
    assert read["CONN_HEALTH_CHECKS"] is True
    options = read["OPTIONS"]
    assert options["connect_timeout"] == "2", "what the address says wins"
    assert {"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"} <= set(options)
    assert options["options"] == "-c plan_cache_mode=force_custom_plan -c jit=off"


def outage(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except type(error):
        import sys

        return logging.LogRecord(
            "django.request",
            logging.ERROR,
            __file__,
            1,
            "Internal Server Error: %s",
            ("/a%20b",),
            sys.exc_info(),
        )


def test_an_absent_database_is_one_line() -> None:
    record = outage(OperationalError("server closed the connection\n\tThis probably means 100% trouble"))
    assert ShortOutages().filter(record)
    line = logging.Formatter().format(record)
    assert line.startswith(
        "JM-DATABASE-AWAY Internal Server Error: /a%20b: OperationalError: server closed the conn"
    )
    assert "\n" not in line
    assert record.levelname == "WARNING"


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    record = outage(ProgrammingError("no such column"))
    assert ShortOutages().filter(record)
    assert "Traceback" in logging.Formatter().format(record)


@pytest.mark.django_db
def test_a_flood_of_one_code_is_few_writes() -> None:
    now_s = [100.0]
    counts = refusal_counts.RefusalCounts(every_s=1.0, clock=lambda: now_s[0])
    counts.add("JM-A")
    assert RefusalCount.objects.get(code="JM-A").count == 1, "after a quiet while it is written at once"
    with CountedWrites() as writes:
        for number in range(1000):
            now_s[0] += 0.01
            counts.add("JM-A" if number % 2 else "JM-B")
        counts.write()
    assert writes.n <= 12
    assert dict(RefusalCount.objects.values_list("code", "count")) == {"JM-A": 501, "JM-B": 500}


class CountedWrites:
    """How many transactions write refusals."""

    def __enter__(self) -> Self:
        self.n = 0
        self._patch = pytest.MonkeyPatch()
        write = refusal_counts.RefusalCounts.write

        def counted(this: refusal_counts.RefusalCounts) -> None:
            self.n += 1
            write(this)

        self._patch.setattr(refusal_counts.RefusalCounts, "write", counted)
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.undo()


def test_threads_lose_no_refusal(committed: None) -> None:
    counts = refusal_counts.RefusalCounts(every_s=0.001)

    def refuse(_: int) -> None:
        try:
            for number in range(50):
                counts.add(f"JM-{number % 3}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(refuse, range(8)))
    counts.write()
    assert sum(RefusalCount.objects.values_list("count", flat=True)) == 400


@pytest.mark.django_db
def test_a_refusal_that_cannot_be_written_gathers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    counts = refusal_counts.RefusalCounts(every_s=0.0)
    with monkeypatch.context() as patch:
        patch.setattr(refusal_counts, "ADD", "SELECT no_such_column FROM nowhere WHERE 1 IN (%s, %s, %s)")
        counts.add("JM-A")
    assert "1 refusals are not counted yet" in caplog.text
    counts.add("JM-A")
    assert RefusalCount.objects.get(code="JM-A").count == 2


@pytest.mark.processes
@pytest.mark.timeout(300)
def test_a_database_that_stops_is_a_503_and_a_line_for_each_request(tmp_path: Path) -> None:
    with services() as own:
        assert own.database_url is not None
        assert own.redis_url is not None
        with platform(
            name="stops", folder=tmp_path, database_url=own.database_url, redis_url=own.redis_url
        ) as running:
            web = running.start_web()
            assert running.get("/")[0] == 200
            stop(running)
            answers = [running.get(f"/results/?page={number}") for number in range(1, 9)]
            assert {status for status, _ in answers} == {503}
            status, body = running.get("/api/v1/results/?page=1")
            assert status == 503, body
            lines = running.log("web.log").splitlines()
            assert sum("JM-DATABASE-AWAY" in line for line in lines) >= 9
            assert not [line for line in lines if line.startswith("Traceback")]
            wait_until(lambda: running.get("/livez")[0] == 200, beside=web, what="the process lives on")


def stop(running: Platform) -> None:
    """End the database server at once; its last transaction is not waited for."""
    with psycopg.connect(running.database_url) as database:
        row = database.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert row is not None
    os.kill(int(str(row[0]).split()[0]), signal.SIGQUIT)
    ended = threading.Event()
    for _ in range(200):
        try:
            psycopg.connect(running.database_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return
        ended.wait(0.05)
    raise AssertionError("the database goes on")


def test_an_answer_for_a_page_says_when_to_come_again(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from measurements.pages import home

    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(home, "list_boards", away)
    client = Client(raise_request_exception=False)
    answer = client.get("/en/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
