"""A counter's own steps out of its reads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulemark.energy.changes import changes
from joulemark.energy.counter import Counter


def counter(reads: list[tuple[int, int]]) -> Counter:
    """Of milliseconds and units of a millijoule."""
    times, units = (np.array(column, dtype=np.int64) for column in zip(*reads, strict=True))
    return Counter(name="x", joules_per_unit=1e-3, t_us=times * 1000, units=units)


READS = counter([(0, 0), (10, 0), (12, 5), (20, 5), (50, 5), (90, 9), (95, 9), (97, 20)])


def test_each_step_lies_between_the_reads_around_it() -> None:
    steps = changes(READS)
    assert steps.low_s.tolist() == [0.010, 0.050, 0.095]
    assert steps.high_s.tolist() == [0.012, 0.090, 0.097]
    assert steps.energy_j.tolist() == pytest.approx([0.005, 0.009, 0.020], rel=1e-15)
    assert steps.middle_s().tolist() == pytest.approx([0.011, 0.070, 0.096], rel=1e-12)


def test_sharp_steps_are_those_between_close_reads() -> None:
    sharp = changes(READS).sharp(0.003)
    assert sharp.high_s.tolist() == [0.012, 0.097]
    assert sharp.energy_j.tolist() == pytest.approx([0.005, 0.020], rel=1e-15)


@pytest.mark.parametrize(("at_s", "last"), [(0.011, None), (0.012, 0), (0.089, 0), (0.090, 1), (9.0, 2)])
def test_the_last_step_before_a_time_had_been_seen_by_then(at_s: float, last: int | None) -> None:
    assert changes(READS).last_before(at_s) == last


@pytest.mark.parametrize(("at_s", "first"), [(0.0, 0), (0.010, 0), (0.011, 1), (0.095, 2), (0.096, None)])
def test_the_first_step_after_a_time_cannot_have_been_before_it(at_s: float, first: int | None) -> None:
    assert changes(READS).first_after(at_s) == first


def test_a_counter_that_stands_still_has_no_step() -> None:
    still = changes(counter([(0, 7), (10, 7)]))
    assert (len(still.low_s), still.last_before(1.0), still.first_after(0.0)) == (0, None, None)


@settings(deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 3)), min_size=2, max_size=60))
def test_the_steps_add_up_to_the_counter(rises: list[tuple[int, int]]) -> None:
    times = np.cumsum([wait for wait, _ in rises])
    units = np.cumsum([0, *(rise for _, rise in rises[1:])])
    reads = counter(list(zip(times.tolist(), units.tolist(), strict=True)))
    steps = changes(reads)
    assert len(steps.energy_j) == int(np.count_nonzero(np.diff(units)))
    assert (steps.low_s < steps.high_s).all()
    assert (np.diff(steps.energy_j, prepend=0.0) > 0).all()
    if len(steps.energy_j):
        assert steps.energy_j[-1] == units[-1] * 1e-3
