"""How a counter answers to loads of known times: its period, its delay, and when it has told all."""

from __future__ import annotations

from typing import Any

import pytest

from joulemark.energy.changes import Changes
from joulemark.energy.errors import TraceIncomplete
from joulemark.energy.response import LONGEST_SETTLE_S, Response, median_period_s, response
from tests.core.analytic import Device, Piece, seen, steps

STARTS = (4.0, 9.0125, 14.0375, 19.0625, 24.0875)
LOADS = [(start_s, start_s + 2.0) for start_s in STARTS]


def card() -> Device:
    pieces, at_s = [], 0.0
    for on_s, off_s in LOADS:
        pieces += [Piece(on_s - at_s, 60.0), Piece(off_s - on_s, 300.0)]
        at_s = off_s
    return Device((*pieces, Piece(10.0, 60.0)))


def answer(period_s: float = 0.1, **how: Any) -> Response:
    counter = seen(steps(card(), until_s=32.0, period_s=period_s, **how))
    return response(counter, LOADS, period_s=period_s)


def test_a_full_counter_tells_at_once_and_all_with_its_next_step() -> None:
    found = answer()
    assert found.delay_s == pytest.approx(0.0, abs=1e-9)
    assert 0.1 <= found.settle_s <= 0.16
    assert (found.settled, found.period_s) == (True, 0.1)


@pytest.mark.parametrize("lag_s", [0.05, 0.13, 0.4])
def test_a_late_counter_has_its_lag(lag_s: float) -> None:
    found = answer(lag_s=lag_s)
    assert found.delay_s == pytest.approx(lag_s, abs=1e-9)
    assert lag_s <= found.settle_s <= 1.05 * (lag_s + 0.1) + 0.05


def test_a_blurred_counter_is_late_by_half_its_blur_and_settles_behind_it() -> None:
    found = answer(blur=10)
    assert found.delay_s == pytest.approx(0.45, abs=1e-9)
    assert 1.0 <= found.settle_s <= 1.2, "the last of the blur is below what is looked for, and still to come"
    assert found.settled


def test_a_counter_that_is_still_telling_has_not_settled() -> None:
    found = answer(lag_s=1.4)
    assert (found.settle_s, found.settled) == (LONGEST_SETTLE_S, False)


@pytest.mark.parametrize("period_s", [0.02, 0.1])
def test_the_period_is_the_median_distance_of_the_steps(period_s: float) -> None:
    assert median_period_s(seen(steps(card(), until_s=5.0, period_s=period_s))) == pytest.approx(period_s)


def test_fewer_than_ten_steps_tell_no_period() -> None:
    with pytest.raises(TraceIncomplete, match="hardly moves"):
        median_period_s(seen(steps(card(), until_s=0.9)))


def test_a_counter_that_does_not_rise_faster_under_load_tells_nothing() -> None:
    flat = seen(steps(Device((Piece(60.0, 60.0),)), until_s=32.0))
    with pytest.raises(TraceIncomplete, match="does not rise faster under load"):
        response(flat, LOADS, period_s=0.1)


def test_a_counter_that_stands_still_tells_nothing() -> None:
    moving = seen(steps(card(), until_s=32.0))
    early = moving.high_s < 3.0
    still = Changes(low_s=moving.low_s[early], high_s=moving.high_s[early], energy_j=moving.energy_j[early])
    with pytest.raises(TraceIncomplete, match="hardly moves between"):
        response(still, LOADS, period_s=0.1)
