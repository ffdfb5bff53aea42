"""When a service is asked again: bounded, jittered, never before Retry-After and never beyond the time that is left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from joulemark.patience import LONG, SHORT, Pauses, pause_s, retry_after_s
from tests.laws import law

NOW = datetime(2026, 11, 30, 20, 0, tzinfo=UTC)
SECONDS = st.floats(min_value=0.0, max_value=1e6, allow_nan=False)
PAUSES = st.builds(
    Pauses,
    first_s=st.floats(min_value=1e-3, max_value=1e3),
    longest_s=st.floats(min_value=1e-3, max_value=1e4),
    factor=st.floats(min_value=1.0, max_value=1e3),
    count=st.none() | st.integers(min_value=0, max_value=50),
)
ATTEMPTS = st.integers(min_value=0, max_value=10**6)
SEEDS = st.integers(min_value=0, max_value=2**63)
MOMENTS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone


@pytest.mark.laws
@law()
@given(PAUSES, ATTEMPTS, SEEDS, SECONDS, st.none() | SECONDS)
def test_a_pause_is_bounded_and_keeps_to_what_is_asked_and_what_is_left(
    pauses: Pauses, attempt: int, seed: int, left_s: float, least_s: float | None
) -> None:
    wait_s = pause_s(pauses, attempt, seed=seed, left_s=left_s, retry_after_s=least_s)
    if wait_s is None:
        over = pauses.count is not None and attempt >= pauses.count
        assert over or left_s == 0 or (least_s is not None and least_s > left_s)
        return
    envelope_s = pauses.envelope_s(attempt)
    assert (least_s or 0.0) <= wait_s <= left_s
    assert wait_s <= max(envelope_s, (least_s or 0.0) + envelope_s / 2) * (1 + 1e-12)
    assert wait_s == left_s or wait_s >= envelope_s / 2
    assert wait_s == pause_s(pauses, attempt, seed=seed, left_s=left_s, retry_after_s=least_s)


@pytest.mark.laws
@law()
@given(PAUSES, ATTEMPTS)
def test_the_envelope_never_falls_and_ends_at_the_longest_pause(pauses: Pauses, attempt: int) -> None:
    assert 0 < pauses.envelope_s(attempt) <= pauses.envelope_s(attempt + 1) <= pauses.longest_s


@pytest.mark.laws
@law()
@given(PAUSES, SEEDS, st.floats(min_value=0.0, max_value=1e5), st.lists(st.none() | SECONDS, max_size=20))
def test_all_pauses_together_stay_within_the_budget(
    pauses: Pauses, seed: int, budget_s: float, asked: list[float | None]
) -> None:
    left_s = budget_s
    for attempt, least_s in enumerate(asked):
        wait_s = pause_s(pauses, attempt, seed=seed, left_s=left_s, retry_after_s=least_s)
        if wait_s is None:
            break
        left_s -= wait_s
        assert left_s >= 0


@pytest.mark.laws
@law(share=0.2)
@given(st.integers(min_value=0, max_value=2**40))
def test_many_agents_do_not_come_back_at_one_moment(seed: int) -> None:
    """A thousand that are told the same come back over at least four fifths of half of the envelope."""
    for least_s in (None, 30.0):
        found = sorted(
            pause_s(LONG, 4, seed=seed + agent, left_s=600.0, retry_after_s=least_s) or 0.0
            for agent in range(1000)
        )
        assert found[-1] - found[0] > 0.8 * LONG.envelope_s(4) / 2
        assert max(b - a for a, b in pairwise(found)) < 0.5


def test_a_run_asks_some_sixteen_times_in_ten_minutes_and_a_command_four_times() -> None:
    def attempts(pauses: Pauses, left_s: float) -> int:
        number = 0
        while (wait_s := pause_s(pauses, number, seed=1, left_s=left_s)) is not None:
            left_s, number = left_s - wait_s, number + 1
        return number + 1

    assert 14 <= attempts(LONG, 600.0) <= 24
    assert attempts(SHORT, 600.0) == 4


def test_a_longer_retry_after_than_is_left_ends_the_waiting_at_once() -> None:
    assert pause_s(LONG, 0, seed=1, left_s=600.0, retry_after_s=600.1) is None
    assert pause_s(LONG, 0, seed=1, left_s=600.0, retry_after_s=600.0) == 600.0


@pytest.mark.laws
@law()
@given(MOMENTS, st.integers(min_value=-(10**6), max_value=10**6))
def test_retry_after_is_read_as_a_date(now: datetime, seconds: int) -> None:
    now = now.replace(microsecond=0)
    try:
        then = now + timedelta(seconds=seconds)
    except OverflowError:
        assume(False)  # noqa: FBT003 - the library's way
    assert retry_after_s(format_datetime(then, usegmt=True), now) == max(0, seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0.0), (" 120 ", 120.0), ("1.5", None), ("-1", None), ("soon", None), ("", None), (None, None),
     ("\u0665", None), ("9" * 400, float("inf")), ("Mon, 30 Nov 2026 20:00:07 GMT", 7.0),
     ("Mon, 30 Nov 2026 20:00:07", None), ("Mon, 30 Nov 2026 19:00:00 GMT", 0.0),
     ("Mon, 99 Nov 2026 20:00:07 GMT", None)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_a_date_and_else_passed_over(
    text: str | None, seconds: float | None
) -> None:
    assert retry_after_s(text, NOW) == seconds


@pytest.mark.laws
@law()
@given(st.text(max_size=40))
def test_no_retry_after_breaks_the_reader(text: str) -> None:
    found = retry_after_s(text, NOW)
    assert found is None or found >= 0
