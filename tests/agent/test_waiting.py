"""Waiting for a service on a clock: how long, what is said of it, and that a service that is away is asked once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.errors import BadAnswer, NoConnection, ServerFailed
from joulemark.patience import LONG, Pauses
from joulemark.waiting import WaitEnded, Waiting, in_words
from tests.laws import law

ORIGIN = "https://platform.example"


@dataclass
class Clock:
    """Time passes where somebody waits, and where a request takes `request_s`."""

    at_s: float = 100.0
    said: list[str] = field(default_factory=list)
    limits_s: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.at_s += seconds

    def waiting(self, **options: Any) -> Waiting:
        return Waiting(
            ORIGIN, **{"pauses": LONG, "limit_s": 600.0, "pause": self.pause, "now": lambda: self.at_s,
                       "seed": 1, "say": self.said.append, "on_wait": self.limits_s.append, **options},
        )  # fmt: skip


def test_a_service_is_waited_for_until_its_time_is_up_and_then_tried_once_a_request() -> None:
    clock = Clock()
    waiting = clock.waiting()
    attempts = 1
    while waiting.wait("no connection"):
        attempts += 1
        clock.at_s += 0.2  # a request takes time, too
    assert 14 <= attempts <= 24
    assert 590.0 < clock.at_s - 100.0 <= 601.0
    away_before = waiting.is_away
    before_s = clock.at_s
    assert not waiting.wait("no connection")
    assert clock.at_s == before_s
    waiting.answered()
    assert (away_before, waiting.is_away) == (True, False)
    assert waiting.wait("no connection"), "the next outage has its own time"


def test_one_line_says_what_is_waited_for_since_when_and_until_when_at_most() -> None:
    clock = Clock()
    waiting = clock.waiting()
    for _ in range(5):
        assert waiting.wait("HTTP 503")
    waiting.answered()
    first, last = clock.said
    assert re.fullmatch(
        rf"Waiting for {ORIGIN} \(HTTP 503\) since \d\d:\d\d:\d\d, until \d\d:\d\d:\d\d at most. Ctrl-C is safe: "
        "measured results are stored.",
        first,
    )
    assert re.fullmatch(rf"{ORIGIN} answers again after \d+ s\.", last)
    (limit_s,) = clock.limits_s
    assert 590 < limit_s <= 600


def test_what_is_over_in_a_moment_is_not_worth_a_line() -> None:
    clock = Clock()
    waiting = clock.waiting()
    for _ in range(20):
        assert waiting.wait("HTTP 503")
        waiting.answered()
    assert clock.said == []


def test_the_end_of_the_waiting_is_said() -> None:
    clock = Clock()
    waiting = clock.waiting(limit_s=30.0)
    while waiting.wait("no connection"):
        pass
    assert clock.said[-1] == f"No longer waiting for {ORIGIN} (no connection)."
    waiting.answered()
    assert clock.said[-1] == f"{ORIGIN} answers again."


def test_whoever_watches_may_end_the_waiting() -> None:
    clock = Clock()

    def pause(_: float) -> None:
        raise WaitEnded

    waiting = clock.waiting(pause=pause)
    assert not waiting.wait("no connection")
    assert (waiting.is_away, waiting.is_ended_by_user) == (True, True)
    waiting.answered()
    assert not waiting.is_ended_by_user


def test_a_longer_retry_after_than_patience_ends_it_at_once() -> None:
    clock = Clock()
    waiting = clock.waiting(limit_s=60.0)
    assert not waiting.wait("HTTP 429", 700.0)
    assert clock.at_s == 100.0


@pytest.mark.laws
@law()
@given(
    limit_s=st.floats(min_value=0.0, max_value=1e5),
    budget_s=st.none() | st.floats(min_value=0.0, max_value=1e5),
    requests_s=st.lists(st.floats(min_value=0.0, max_value=130.0), min_size=1, max_size=40),
    least=st.lists(st.none() | st.floats(min_value=0.0, max_value=1e4), min_size=40, max_size=40),
    seed=st.integers(min_value=0),
)
def test_no_pause_ends_later_than_patience_or_the_budget(
    limit_s: float, budget_s: float | None, requests_s: list[float], least: list[float | None], seed: int
) -> None:
    clock = Clock()

    def budget_left_s() -> float | None:
        return None if budget_s is None else max(0.0, 100.0 + budget_s - clock.at_s)

    waiting = clock.waiting(
        limit_s=limit_s, budget_left_s=budget_left_s, seed=seed, pauses=Pauses(first_s=1, longest_s=60)
    )
    for request_s, least_s in zip(requests_s, least, strict=False):
        before_s = clock.at_s
        if not waiting.wait("no connection", least_s):
            assert waiting.is_away
            return
        assert clock.at_s - before_s >= (least_s or 0.0)
        assert clock.at_s <= 100.0 + min(limit_s, limit_s if budget_s is None else budget_s) + 1e-6
        clock.at_s += request_s


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (35.2, "35 s"), (119, "119 s"), (600, "10 min")]
)
def test_durations_are_readable(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


class Script:
    """An attempt that raises these, one after the other, and then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.attempts = [*failures], 0

    def __call__(self) -> str:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


def test_a_request_is_repeated_while_nobody_answers() -> None:
    clock = Clock()
    script = Script(NoConnection("away"), ServerFailed("busy", status=503, retry_after_s=30.0))
    waiting = clock.waiting()
    assert waiting.call(script) == "answer"
    assert script.attempts == 3
    assert 130.0 < clock.at_s < 140.0, "Retry-After is kept"
    assert re.search("answers again", clock.said[-1])


def test_what_no_other_attempt_would_help_is_raised_at_once() -> None:
    clock = Clock()
    script = Script(NoConnection("away"))
    with pytest.raises(NoConnection):
        clock.waiting().call(script, is_last=lambda failure: str(failure) == "away")
    assert (script.attempts, clock.at_s) == (1, 100.0)


@pytest.mark.parametrize("is_an_answer", [True, False])
def test_an_error_that_is_an_answer_ends_an_outage(*, is_an_answer: bool) -> None:
    clock = Clock()
    waiting = clock.waiting(limit_s=0.5)
    with pytest.raises(ServerFailed):
        waiting.call(Script(*[ServerFailed("busy", status=503)] * 9))
    assert waiting.is_away
    with pytest.raises(BadAnswer):
        waiting.call(Script(BadAnswer("no platform")), answers=(BadAnswer,) if is_an_answer else ())
    assert waiting.is_away is not is_an_answer
