"""The embedded kind with real processes: SQLite, one gunicorn, no queue."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from joulemark.record.codec import encode
from joulemark_simulation import records
from tests.processes import ROOT, Platform, embedded_platform, kill, wait_until

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(240)]


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A prepared platform; nothing is started yet."""
    with embedded_platform(folder=tmp_path, JOULEMARK_SWEEP_WAITING_S="1") as running:
        monkeypatch.setattr(records, "ORIGIN", running.origin)
        yield running


def test_a_result_is_judged_in_the_web_process(embedded: Platform) -> None:
    embedded.start_web()
    assert embedded.post("/api/v1/enrolments", encode(records.enrolment()))[0] == 201
    bundle = records.bundle()
    assert embedded.post("/api/v1/results", bundle.to_bytes())[0] == 202
    status = json.loads(embedded.get(f"/api/v1/results/{bundle.digest()}")[1])
    assert (status["state"], [code for code, *_ in status["findings"]]) == ("accepted", ["JM-TICKET-NONE"])


def test_what_waited_at_a_crash_is_swept_at_the_next_start(embedded: Platform) -> None:
    web = embedded.start_web()
    assert embedded.post("/api/v1/enrolments", encode(records.enrolment()))[0] == 201
    bundle = records.bundle()
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

    wait_until(lambda: state() != "received", beside=again, what="the sweeper has judged it")


def test_bodies_that_stop_arriving_do_not_hold_the_platform(embedded: Platform) -> None:
    embedded.environment["JOULEMARK_BODY_TIMEOUT_S"] = "1"
    web = embedded.start_web()
    address = urlsplit(embedded.origin)
    head = f"POST /api/v1/results HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 1000\r\n\r\nabc"
    with contextlib.ExitStack() as open_sockets:
        lazy = [
            open_sockets.enter_context(socket.create_connection((address.hostname, address.port), timeout=30))
            for _ in range(8)
        ]
        for connection in lazy:
            connection.sendall(head.encode())
        wait_until(lambda: embedded.answers("/api/v1/platform"), beside=web, what="a thread is free again")
        assert all(b" 408 " in connection.recv(200).split(b"\r\n")[0] for connection in lazy)


def test_sqlite_refuses_several_processes(embedded: Platform) -> None:
    command = [sys.executable, "manage.py", "serve", "--workers", "2"]
    answer = subprocess.run(
        command, cwd=ROOT, env=embedded.environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert "DATABASE_URL" in answer.stderr
