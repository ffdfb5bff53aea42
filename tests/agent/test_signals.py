"""A run that is asked to end, by `kill`, by a service manager or by a terminal that closes, ends as with Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from joulemark.cli.signals import Ended, ends_in_order
from tests.agent import fake_suite
from tests.agent.test_resume import ROOT, in_a_process, jobs_received

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform

SMALL, LARGE, WRITING = (job.key for job in fake_suite.JOBS)
ENDINGS = [(signal.SIGTERM, 143), (signal.SIGHUP, 129)]
RUN = ("run", "--meter", "estimate")


@pytest.mark.processes
@pytest.mark.parametrize(("number", "code"), ENDINGS, ids=["SIGTERM", "SIGHUP"])
def test_a_run_that_is_asked_to_end_keeps_what_it_has_and_blames_no_job(
    enrolled: Agent, platform: FakePlatform, number: signal.Signals, code: int
) -> None:
    """Asked twice, as a job that crashed twice would not be begun again."""
    for _ in range(2):
        cut = in_a_process(*RUN, "--json", stop=f"large:sorting:9:{number.name}")
        assert cut.returncode == code, cut.stderr
        answer = json.loads(cut.stdout)
        assert (answer["error"]["code"], answer["error"]["exit_code"]) == ("interrupted", code)
        assert [row["job"] for row in answer["results"]] == [SMALL]
        assert "1 finished result is stored; run the same command again to resume" in cut.stderr
        assert "Traceback" not in cut.stderr
    again = enrolled.json(*RUN)
    assert (enrolled.code, again["failed_before"]) == (0, [])
    assert jobs_received(platform, enrolled) == sorted([SMALL, LARGE, WRITING])


def stop_of(process_id: int, *, terminal: int) -> int:
    """The status of a process that stops; it is read from meanwhile, else it would wait for a reader."""
    while True:
        changed, status = os.waitpid(process_id, os.WUNTRACED | os.WNOHANG)
        if changed:
            return status
        if select.select([terminal], [], [], 0.05)[0]:
            os.read(terminal, 65536)


@pytest.mark.processes
def test_a_terminal_that_closes_ends_the_run_in_order(enrolled: Agent, tmp_path: Path) -> None:
    """What would be written to it then fails; the run's end must not."""
    environment = dict(
        os.environ,
        PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "agent")]),
        JOULEMARK_TEST_STOP="large:sorting:9:SIGSTOP",
        TERM="xterm",
    )
    ours, theirs = pty.openpty()
    command = [sys.executable, str(ROOT / "tests" / "agent" / "run_agent.py"), *RUN]
    with subprocess.Popen(
        command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        assert os.WIFSTOPPED(stop_of(process.pid, terminal=ours))
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGCONT)
        assert process.wait(timeout=60) == 129
    again = enrolled.json(*RUN)
    assert [(row["job"], row["resumed"]) for row in again["results"]][:2] == [(SMALL, True), (LARGE, False)]


@pytest.mark.parametrize("number", [number for number, _ in ENDINGS])
def test_an_ending_is_heard_once_and_what_was_set_before_comes_back(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(Ended, match=number.name) as ended:
            asked_to_end_thrice(number)
        assert ended.value.exit_code == 128 + number
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)


def asked_to_end_thrice(number: signal.Signals) -> None:
    """A service manager may send both signals, one after the other."""
    with ends_in_order():
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGHUP)


def test_under_nohup_a_closed_terminal_ends_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ends_in_order():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
