"""The period of a sensor from dense readings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.meters.meter import Tick
from joulemark.meters.update_period import changes_us, update_period_s


def ticks(*values: int) -> list[Tick]:
    """A tick every millisecond."""
    return [Tick(1000 * number, value) for number, value in enumerate(values)]


def test_a_change_is_when_another_value_was_first_seen() -> None:
    assert changes_us(ticks(5, 5, 6, 6, 5, 7)) == (2000, 4000, 5000)


@pytest.mark.parametrize("values", [(), (5,), (5, 5, 5), (5, 5, 6, 6)])
def test_fewer_than_two_changes_tell_no_period(values: tuple[int, ...]) -> None:
    assert update_period_s(ticks(*values)) is None


def test_an_update_that_tells_the_same_again_is_passed_over() -> None:
    assert update_period_s(ticks(1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 5)) == 0.002


@given(
    period_us=st.integers(10_000, 400_000),
    phase_us=st.integers(0, 400_000),
    every_us=st.integers(200, 3000),
)
def test_the_period_is_as_sharp_as_the_readings_are_dense(
    period_us: int, phase_us: int, every_us: int
) -> None:
    seen = [Tick(t_us, (t_us + phase_us) // period_us) for t_us in range(0, 3_000_000, every_us)]
    assert update_period_s(seen) == pytest.approx(period_us / 1e6, abs=every_us / 1e6)
