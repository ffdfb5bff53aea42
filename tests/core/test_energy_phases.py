"""Start phases: even however many there are, and requests that never run into each other."""

from __future__ import annotations

from itertools import pairwise
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulemark.energy.phases import golden, lattice, starts_s

LAW = settings(deadline=None, derandomize=True)


def discrepancy(phases: list[float]) -> float:
    """Star discrepancy of points in [0, 1) (Niederreiter 1992, theorem 2.6)."""
    count = len(phases)
    return max(
        1 / (2 * count) + abs(phase - (2 * place - 1) / (2 * count))
        for place, phase in enumerate(sorted(phases), 1)
    )


def test_a_lattice_is_a_permutation_of_evenly_spaced_phases() -> None:
    for count in range(1, 301):
        even = [(place + 0.5) / count for place in range(count)]
        assert sorted(lattice(count)) == pytest.approx(even, abs=1e-12), count


@pytest.mark.parametrize("count", [10, 64, 100, 256, 300])
def test_a_lattice_is_even_at_any_point_of_the_run(count: int) -> None:
    for done in range(1, count + 1):
        assert discrepancy(list(lattice(count)[:done])) <= (2 + 2 * log(done)) / done


def test_any_number_of_golden_phases_is_spread_evenly() -> None:
    phases = [golden(number) for number in range(1000)]
    assert min(phases) >= 0
    assert max(phases) < 1
    for count in range(1, 1001):
        assert discrepancy(phases[:count]) <= (1.5 + 1.2 * log(count)) / count


@LAW
@given(
    count=st.integers(1, 300),
    period_s=st.floats(0.005, 0.5),
    duration_s=st.floats(0.0, 3.0),
)
def test_requests_of_the_given_duration_never_overlap(count: int, period_s: float, duration_s: float) -> None:
    starts = starts_s(count, period_s=period_s, duration_s=duration_s)
    assert len(starts) == count
    assert starts[0] >= 0
    assert all(later - earlier >= duration_s * (1 - 1e-9) for earlier, later in pairwise(starts))


@LAW
@given(count=st.integers(1, 300), period_s=st.floats(0.005, 0.5), duration_s=st.floats(0.0, 3.0))
def test_requests_begin_at_the_lattices_phases(count: int, period_s: float, duration_s: float) -> None:
    starts = starts_s(count, period_s=period_s, duration_s=duration_s)
    phases = [start_s / period_s % 1.0 for start_s in starts]
    assert phases == pytest.approx(lattice(count), abs=1e-6)
