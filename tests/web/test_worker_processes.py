"""The production kind with real processes: gunicorn, a Celery worker, Redis and PostgreSQL."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from joulemark.record.codec import decode, encode
from joulemark.record.messages import Ticket
from joulemark.suite import load_suite
from joulemark_simulation import records
from tests.processes import Platform, kill, platform, wait_until

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(240)]


@pytest.fixture
def production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A platform with a queue; nothing is started yet."""
    with platform(
        name="worker_test",
        folder=tmp_path,
        database_url=os.environ["DATABASE_URL"],
        redis_url=os.environ["REDIS_URL"].replace("db=0", "db=5"),
        JOULEMARK_SWEEP_EVERY_S="1",
        JOULEMARK_SWEEP_WAITING_S="1",
    ) as running:
        monkeypatch.setattr(records, "ORIGIN", running.origin)
        yield running


def submit(running: Platform, *, salt: int) -> str:
    """Enrol, get a ticket, send a result; its id."""
    running.post("/api/v1/enrolments", encode(records.enrolment()))
    status, body = running.post("/api/v1/tickets", encode(records.ticket_request()))
    assert status == 201, body
    ticket = decode(body, Ticket, what="ticket")
    queries = load_suite("demo").queries_per_window(records.first_job(load_suite("demo")).dataset)
    bundle = records.bundle(ticket=ticket, of=records.trace(queries=queries, salt=salt))
    status, body = running.post("/api/v1/results", bundle.to_bytes())
    assert status == 202, body
    return bundle.digest()


UNJUDGED = ("received", "checking")


def state(running: Platform, result_id: str) -> str:
    """The state that the API gives."""
    return str(json.loads(running.get(f"/api/v1/results/{result_id}")[1])["state"])


def test_a_worker_gives_the_verdict(production: Platform) -> None:
    production.start_web()
    worker = production.start_worker()
    result_id = submit(production, salt=1)
    wait_until(
        lambda: state(production, result_id) not in UNJUDGED, beside=worker, what="the verdict is there"
    )
    assert state(production, result_id) == "accepted"
    wait_until(
        lambda: production.one("SELECT count(*) FROM boards_cell") == 1,
        beside=worker,
        what="the cell is there",
    )
    request_id = str(production.one("SELECT request_id FROM intake_submission"))
    assert len(request_id) == 32
    assert f"accepted upload {result_id}" in production.log("web.log")
    of_the_request = [line for line in production.log("worker.log").splitlines() if f"[{request_id}]" in line]
    assert any(f"verdict accepted on {result_id}" in line for line in of_the_request)
    assert any("Task review.judge" in line for line in of_the_request), "the message brought the id"


def test_a_worker_killed_in_the_middle_of_a_verdict_loses_and_doubles_nothing(production: Platform) -> None:
    web = production.start_web()
    result_id = submit(production, salt=2)
    with psycopg.connect(production.database_url) as blocker:
        blocker.execute("LOCK TABLE review_verdict IN SHARE MODE")  # the verdict must wait for us
        worker = production.start_worker()
        blocked = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'worker_test' AND wait_event_type = 'Lock'"
        )
        wait_until(
            lambda: production.one(blocked) == 1, beside=worker, what="the worker is inside the verdict"
        )
        kill(worker)
        blocker.rollback()
    wait_until(lambda: production.one(blocked) == 0, beside=web, what="the dead worker's transaction is gone")
    assert state(production, result_id) == "checking"
    assert production.one("SELECT count(*) FROM review_verdict") == 0
    again = production.start_worker("--beat", "--schedule", str(production.folder / "beat"))
    wait_until(
        lambda: state(production, result_id) == "accepted", beside=again, what="the sweeper finished it"
    )
    for table, count in {"review_verdict": 1, "review_result": 1, "intake_submission": 1}.items():
        assert production.one(f"SELECT count(*) FROM {table}") == count  # noqa: S608 - the names above
    assert production.one("SELECT count(*) FROM ledger_leaf WHERE kind = 'verdict'") == 1


def test_an_upload_does_not_need_the_queue(production: Platform) -> None:
    production.environment["REDIS_URL"] = f"unix://{production.folder}/nobody-listens.sock"
    web = production.start_web()
    result_id = submit(production, salt=3)
    assert state(production, result_id) == "received"
    wait_until(
        lambda: "wait for the sweeper" in production.log("web.log"), beside=web, what="the log says so"
    )
    assert web.poll() is None


def test_a_worker_that_was_away_for_twenty_sweeps_judges_each_result_once(production: Platform) -> None:
    """What each sweep has queued waits for it; the rules have changed meanwhile."""
    production.start_web()
    worker = production.start_worker()
    ids = [submit(production, salt=salt) for salt in (4, 5, 6)]
    wait_until(
        lambda: all(state(production, result_id) == "accepted" for result_id in ids),
        beside=worker,
        what="all are judged",
    )
    kill(worker)
    with psycopg.connect(production.database_url) as connection:
        connection.execute("UPDATE review_verdict SET rules_version = 'before'")
    sweeps = (
        "from measurements.review.services import outdated; from measurements.review.tasks import judge_again;"
        "[judge_again.delay(outdated(most=100), 'new-rules') for _ in range(20)]"
    )
    production.manage("shell", "--command", sweeps)
    again = production.start_worker()
    done = "Task review.judge_again["
    wait_until(
        lambda: (
            sum(done in line and "succeeded" in line for line in production.log("worker.log").splitlines())
            == 20
        ),
        beside=again,
        what="every message was worked through",
    )
    assert production.one("SELECT count(*) FROM review_verdict WHERE cause = 'new-rules'") == 3
    assert production.one("SELECT count(*) FROM ledger_leaf WHERE kind = 'verdict'") == 6
