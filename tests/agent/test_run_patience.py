"""A run while its platform or the hub is away: it waits, goes on without where that is allowed, and loses nothing."""

from __future__ import annotations

import os
import pty
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from joulemark.cli import offline_question
from joulemark.errors import BadAnswer, NoConnection, NotOnHub, NotVerified, ServerFailed
from joulemark.patience import Pauses
from joulemark.record import bundle as bundles
from joulemark.suite import Job
from joulemark.waiting import WaitEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform

RUN = ("run", "--meter", "estimate")


class Outage:
    """The platform answers with 503 while `is_on`; `ends_after` requests it is over."""

    def __init__(self, platform: FakePlatform, *, ends_after: int | None = None) -> None:
        self.is_on, self.count, self.left = True, 0, ends_after
        self.asked: list[str] = []
        self._answer = platform.answer
        platform.override("answer", self.answer)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if self.is_on and self.left is not None:
            self.is_on, self.left = self.left > 0, self.left - 1
        if not self.is_on:
            return self._answer(method, path, body)
        self.asked.append(path)
        return 503, _problem()


def _problem() -> object:
    from tests.agent.fake_platform import _problem as problem

    return problem(503, "JM-AWAY", "Later.")


@pytest.fixture
def patient(enrolled: Agent, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """An agent whose pauses are short, and as many as its patience has room for."""
    monkeypatch.setattr("joulemark.session.run.LONG", Pauses(first_s=0.001, longest_s=0.02))
    return enrolled


def tickets(agent: Agent) -> list[bool]:
    """Of each kept result in order, whether it has a ticket."""
    return [kept.bundle.statement().predicate.ticket is not None for kept in agent.outbox.results()]


@pytest.mark.parametrize("failures", [1, 7, 20])
def test_a_platform_that_comes_back_within_patience_costs_nothing(
    patient: Agent, platform: FakePlatform, failures: int
) -> None:
    Outage(platform, ends_after=failures)
    answer = patient.json(*RUN)
    assert patient.code == 0, patient.err
    assert [row["state"] for row in answer["results"]] == ["sent"] * 3
    assert tickets(patient) == [True] * 3


def test_without_leave_the_run_ends_when_patience_does_and_says_that_nothing_is_lost(
    patient: Agent, platform: FakePlatform
) -> None:
    outage = Outage(platform)  # it never ends by itself
    answer = patient.json(*RUN, "--patience", "0.005")
    assert (patient.code, answer["error"]["code"]) == (5, "server-failed")
    assert "Measured results are stored: the same command resumes" in answer["error"]["sentence"]
    assert "--offline-after" in answer["error"]["sentence"]
    assert 10 < len(outage.asked) < 60
    outage.is_on = False
    assert patient(*RUN) == 0


def test_patience_that_ends_between_two_jobs_keeps_the_first(patient: Agent, platform: FakePlatform) -> None:
    receive = platform.receive
    outages: list[Outage] = []

    def go_away_after(body: bytes) -> tuple[int, Any]:
        answer = receive(body)
        if not outages:
            outages.append(Outage(platform))
        return answer

    platform.override("receive", go_away_after)
    answer = patient.json(*RUN, "--patience", "0.005")
    assert (patient.code, len(answer["results"])) == (5, 1)
    outages[0].is_on = False
    answer = patient.json(*RUN)
    assert patient.code == 0
    assert [row["resumed"] for row in answer["results"]] == [True, False, False]


def test_with_leave_the_run_goes_on_offline_and_sends_later(patient: Agent, platform: FakePlatform) -> None:
    outage = Outage(platform)
    words = (*RUN, "--patience", "0.002", "--offline-after")
    answer = patient.json(*words)
    assert (patient.code, len(answer["results"])) == (5, 3)
    assert tickets(patient) == [False] * 3
    assert patient.err.count("Continuing offline: results now have no ticket and rank lower.") == 1
    outage.is_on = False
    assert patient(*words) == 0
    assert {kept.state for kept in patient.outbox.results()} == {"sent"}
    assert len(platform.results) == 3


def test_a_platform_that_is_away_is_asked_once_a_job_and_its_return_is_noticed(
    patient: Agent, platform: FakePlatform
) -> None:
    """It comes back during the first job: the second has a ticket, and takes the first result along."""
    outage = Outage(platform)

    from joulemark.session import job_runner

    one = job_runner.JobRunner._measure_in_workload

    def come_back(self: job_runner.JobRunner, job: Job) -> object:
        kept = one(self, job)
        outage.is_on = False
        return kept

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_runner.JobRunner, "_measure_in_workload", come_back)
        answer = patient.json(*RUN, "--patience", "0.002", "--offline-after")
    assert patient.code == 0, patient.err
    assert tickets(patient) == [False, True, True]
    assert [row["state"] for row in answer["results"]] == ["sent"] * 3
    assert "answers again" in patient.err


def test_patience_ends_with_the_budget(patient: Agent, platform: FakePlatform) -> None:
    Outage(platform)  # an hour of patience, and a second of budget
    assert patient(*RUN, "--patience", "60", "--budget", "1s") == 5


def test_a_key_that_changed_while_the_platform_was_away_gets_nothing(
    patient: Agent, platform: FakePlatform
) -> None:
    from joulemark.record import keys
    from joulemark.session import job_runner

    outage = Outage(platform)
    platform.key = keys.generate()
    one = job_runner.JobRunner._measure_in_workload

    def come_back(self: job_runner.JobRunner, job: Job) -> object:
        kept = one(self, job)
        outage.is_on = False
        return kept

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_runner.JobRunner, "_measure_in_workload", come_back)
        answer = patient.json(*RUN, "--patience", "0.002", "--offline-after")
    assert (patient.code, answer["error"]["code"]) == (3, "platform-key-changed")
    assert (platform.results, platform.tickets) == ({}, [])


def test_needed_work_is_not_asked_of_a_platform_that_is_away(patient: Agent, platform: FakePlatform) -> None:
    Outage(platform)
    answer = patient.json(*RUN, "--patience", "0.002", "--offline-after", "--needed")
    assert len(answer["results"]) == 3


def test_a_lost_answer_makes_no_second_ticket(patient: Agent, platform: FakePlatform) -> None:
    """The platform took the request and its answer broke off: the same bytes come again."""
    bodies: list[bytes] = []
    ticket = platform.ticket

    def lose_the_first(body: bytes) -> tuple[int, Any]:
        bodies.append(body)
        return (503, _problem()) if len(bodies) == 1 else ticket(body)

    platform.override("ticket", lose_the_first)
    assert patient(*RUN, "--only", "writing/*") == 0
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(("age_s", "count"), [(299.0, 1), (301.0, 2)])
def test_what_was_signed_long_ago_is_signed_anew_when_its_time_is_called_wrong(
    patient: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch, age_s: float, count: int
) -> None:
    from types import SimpleNamespace

    clock = iter([0.0, age_s, age_s])
    monkeypatch.setattr("joulemark.platform_client.time", SimpleNamespace(monotonic=lambda: next(clock)))
    bodies: list[bytes] = []
    ticket = platform.ticket

    def refuse_the_first(body: bytes) -> tuple[int, Any]:
        from tests.agent.fake_platform import _problem as problem

        bodies.append(body)
        return problem_answer(problem) if len(bodies) == 1 else ticket(body)

    def problem_answer(problem: Callable[..., object]) -> tuple[int, Any]:
        return 400, problem(400, "JM-CLOCK", "Your clock is wrong.")

    platform.override("ticket", refuse_the_first)
    assert patient(*RUN, "--only", "writing/*") == (0 if count == 2 else 4)
    assert len(set(bodies)) == count


# The hub.


@pytest.fixture
def hub(patient: Agent, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Sets what the fetch of each job raises, one after the other, and tells which jobs asked."""
    from joulemark.session import fetch

    def install(*errors: Exception | None, of: str = "sorting/numbers/large") -> list[str]:
        left = list(errors)
        asked: list[str] = []

        def plan(_suite: object, job: Job, **_: object) -> object:
            return job if job.key == of else None

        def get(job: Job, **_: object) -> None:
            asked.append(job.key)
            error = left.pop(0) if left else None
            if error is not None:
                raise error

        monkeypatch.setattr("joulemark.hub.missing.plan_fetch", plan)
        monkeypatch.setattr("joulemark.hub.fetching.fetch", get)
        monkeypatch.setattr(fetch, "is_of_hub", lambda *_: True)
        return asked

    return install


AWAY = NoConnection("The hub cannot be reached.")
FAILED = ServerFailed("The hub has a problem of its own.", status=503)


@pytest.mark.parametrize("error", [AWAY, FAILED])
def test_a_hub_that_comes_back_within_patience_costs_nothing(
    patient: Agent, hub: Callable[..., list[str]], error: Exception
) -> None:
    asked = hub(error, error, error)
    answer = patient.json(*RUN)
    assert (patient.code, len(answer["results"])) == (0, 3)
    assert len(asked) == 4


@pytest.mark.parametrize("error", [AWAY, FAILED, BadAnswer("This is no hub.")])
def test_a_hub_that_stays_away_is_no_fault_of_the_job(
    patient: Agent, hub: Callable[..., list[str]], error: Exception
) -> None:
    hub(*[error] * 1000)
    answer = patient.json(*RUN, "--patience", "0.005")
    assert patient.code == 5
    assert [row["job"] for row in answer["put_off"]] == ["sorting/numbers/large"]
    assert (answer["failed"], answer["failed_before"], len(answer["results"])) == ([], [], 2)
    hub()
    answer = patient.json(*RUN)
    assert (patient.code, len(answer["results"])) == (0, 3), "the same command, without --retry-failed"


def test_a_hub_that_is_back_at_the_end_of_the_plan_gives_the_job_then(
    patient: Agent, hub: Callable[..., list[str]]
) -> None:
    asked = hub(BadAnswer("A page of the hotel's network."))
    answer = patient.json(*RUN)
    assert (patient.code, len(asked)) == (0, 2)
    assert [row["job"] for row in answer["results"]][-1] == "sorting/numbers/large"


@pytest.mark.parametrize(
    "error",
    [
        NotOnHub("gated", "It needs consent."),
        NotOnHub("vanished", "It is gone."),
        NotVerified("Other bytes."),
    ],
)
def test_what_the_hub_refuses_stays_a_failure_with_its_sentence(
    patient: Agent, hub: Callable[..., list[str]], error: Exception
) -> None:
    hub(error)
    answer = patient.json(*RUN)
    assert patient.code == 7
    assert [(row["job"], row["code"]) for row in answer["failed"]] == [
        ("sorting/numbers/large", "fetch-failed")
    ]
    assert str(error) in answer["failed"][0]["sentence"]


# The question on a terminal.


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as this process's stdin, which it is in front of; the end that a keyboard has."""
    keyboard, screen = pty.openpty()
    with os.fdopen(screen) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
        yield keyboard
    os.close(keyboard)


def test_the_answer_ends_the_waiting_and_other_words_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as keyboard:
        os.write(keyboard, b"\nwhat\n")
        began_s = time.monotonic()
        offline_question.wait_for_answer(0.1)
        assert time.monotonic() - began_s >= 0.1
        os.write(keyboard, b" Offline \n")
        with pytest.raises(WaitEnded):
            offline_question.wait_for_answer(60)


def test_in_the_background_what_is_typed_is_left_to_who_is_in_front(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as keyboard:
        monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
        os.write(keyboard, b"offline\n")
        offline_question.wait_for_answer(0.02)


def test_a_terminal_that_was_closed_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as keyboard:
        os.write(keyboard, b"\x04")  # end of input
        began_s = time.monotonic()
        offline_question.wait_for_answer(0.05)
        assert time.monotonic() - began_s >= 0.05


def test_the_question_is_put_while_the_run_waits_and_its_answer_is_taken(
    patient: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    Outage(platform)
    monkeypatch.setattr("joulemark.waiting.SILENT_S", 0.0)
    with terminal(monkeypatch) as keyboard:
        monkeypatch.setattr(
            offline_question, "_is_asked", lambda _options: True
        )  # stderr is pytest's, and no terminal
        typist = threading.Timer(0.2, os.write, (keyboard, b"offline\n"))
        typist.start()
        answer = patient.json(*RUN, "--patience", "5")
        typist.join()
    assert (patient.code, len(answer["results"])) == (5, 3)
    assert tickets(patient) == [False] * 3
    assert "Continue without it? Type `offline` and press Enter" in patient.err
    assert "Waiting for http://127.0.0.1:" in patient.err


def test_nobody_is_asked_who_is_not_there_or_has_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from joulemark.session.options import Options

    assert offline_question.offline_question(Options()).question is None
    monkeypatch.setattr(offline_question, "_is_terminal", lambda _stream: True)
    assert offline_question.offline_question(Options()).question is not None
    assert offline_question.offline_question(Options(offline_after=True)).question is None


def test_results_are_what_was_measured(patient: Agent, platform: FakePlatform) -> None:
    """What goes on after an outage is the same result: the bytes that were kept are the bytes that were sent."""
    Outage(platform, ends_after=5)
    assert patient(*RUN) == 0
    for kept in patient.outbox.results():
        assert bundles.parse(platform.results[kept.digest]).digest() == kept.digest
