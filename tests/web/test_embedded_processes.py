"""The embedded kind with real processes: SQLite, one gunicorn, no queue."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from joulemark.record.codec import encode
from tests import made
from tests.processes import ROOT, Platform, free_port, kill, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A prepared platform without any variable but its folder and origin."""
    origin = f"http://127.0.0.1:{free_port()}"
    hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    environment |= {
        "JOULEMARK_DATA_DIR": str(tmp_path),
        "JOULEMARK_ORIGIN": origin,
        "JOULEMARK_SWEEP_WAITING_S": "1",
    }
    running = Platform(origin=origin, environment=environment, folder=tmp_path)
    running.manage("prepare")
    monkeypatch.setattr(made, "ORIGIN", origin)
    yield running
    for process in running.running:
        kill(process)


def test_a_result_is_judged_in_the_web_process(embedded: Platform) -> None:
    embedded.start_web()
    assert embedded.post("/api/v1/enrolments", encode(made.enrolment()))[0] == 201
    bundle = made.bundle()
    assert embedded.post("/api/v1/results", bundle.to_bytes())[0] == 202
    status = json.loads(embedded.get(f"/api/v1/results/{bundle.digest()}")[1])
    assert (status["state"], [code for code, *_ in status["findings"]]) == ("accepted", ["JM-TICKET-NONE"])


def test_what_waited_at_a_crash_is_swept_at_the_next_start(embedded: Platform) -> None:
    web = embedded.start_web()
    assert embedded.post("/api/v1/enrolments", encode(made.enrolment()))[0] == 201
    bundle = made.bundle()
    assert embedded.post("/api/v1/results", bundle.to_bytes())[0] == 202
    kill(web)
    undo = (
        "from measurements.intake.models import Submission; from measurements.review.models import *;"
        "Verdict.objects.all().delete(); Result.objects.all().delete();"
        "Submission.objects.update(state='received', received_at='2026-01-01T00:00:00Z')"
    )
    embedded.manage("shell", "--command", undo)
    again = embedded.start_web()

    def state() -> str:
        return json.loads(embedded.get(f"/api/v1/results/{bundle.digest()}")[1])["state"]

    try:
        wait_until(lambda: state() != "received", beside=again, what="the sweeper has judged it")
    finally:
        print(embedded.log("web.log"))


def test_sqlite_refuses_several_processes(embedded: Platform) -> None:
    command = [sys.executable, "manage.py", "serve", "--workers", "2"]
    answer = subprocess.run(
        command, cwd=ROOT, env=embedded.environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert "DATABASE_URL" in answer.stderr
