"""The quiet stretches between pieces of work."""

from __future__ import annotations

from math import inf

import pytest

from joulemark.energy.errors import TraceIncomplete
from joulemark.energy.stretches import Stretch, around_windows, stretches
from tests.core.analytic import Part, trace

RUN: list[Part] = [
    ("warm-up", 1.0, 2.0),
    ("rest", 2.0, 3.0),
    ("idle-before", 3.0, 8.0),
    ("window", 8.5, 9.0),
    ("rest", 9.0, 11.0),
    ("window", 11.5, 13.0),
    ("idle-after", 14.0, 20.0),
]


def test_a_stretch_goes_from_one_piece_of_work_to_the_next() -> None:
    assert stretches(trace(run=RUN)) == (
        Stretch(start_s=-inf, end_s=1.0),
        Stretch(start_s=2.0, end_s=8.5),
        Stretch(start_s=9.0, end_s=11.5),
        Stretch(start_s=13.0, end_s=inf),
    )


def test_a_window_has_a_stretch_on_either_side() -> None:
    assert around_windows(trace(run=RUN)) == ((1, 2), (2, 3))
    assert around_windows(trace(run=RUN[3:])) == ((0, 1), (1, 2))


@pytest.mark.parametrize("start_s", [9.0, 8.9])
def test_windows_that_follow_each_other_at_once_have_no_rest_between_them(start_s: float) -> None:
    run = trace(run=[("window", 8.0, 9.0), ("window", start_s, 12.0)])
    with pytest.raises(TraceIncomplete, match="no rest between 9000000 us and the next window"):
        around_windows(run)
