"""A value's two intervals: what contributors leave open, and what their sensors have in common."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.consensus.cell import CellValue, ResultReading, cell_value
from joulemark.consensus.shared_error import Sensed, shared_u, widened
from joulemark_simulation.sensed_crowds import EVERY, SensedCrowd, sensed_cells
from tests.laws import EXAMPLES, law

CELLS = max(400, EXAMPLES)
LEAST_HELD = 0.93


def within(energy_j: float, low_j: float | None, high_j: float | None) -> bool:
    """Whether an interval, which there must be, holds this."""
    assert low_j is not None
    assert high_j is not None
    return low_j <= energy_j <= high_j


@cache
def values(crowd: SensedCrowd) -> list[tuple[CellValue, float]]:
    return [
        (cell_value(cell.readings), cell.expected_j) for cell in sensed_cells(crowd, number=CELLS, seed=13)
    ]


def equal(n: int, *, sensor_u: float | None = 0.08, spread: float = 0.0) -> CellValue:
    """A cell of `n` contributors whose values are evenly spread around 1 J."""
    places = np.linspace(-1, 1, n) * spread if n > 1 else [0.0]
    return cell_value(
        ResultReading(
            contributor=k, device=k, energy_per_query_j=math.exp(at), relative_u=0.005, sensor_u=sensor_u
        )
        for k, at in enumerate(places)
    )


@pytest.mark.laws
@pytest.mark.parametrize("crowd", EVERY, ids=lambda crowd: crowd.case)
def test_the_displayed_interval_holds_the_true_energy(crowd: SensedCrowd) -> None:
    held = [within(1.0, value.low_j, value.high_j) for value, _ in values(crowd)]
    assert sum(held) >= LEAST_HELD * len(held)


@pytest.mark.laws
@pytest.mark.parametrize(
    "crowd", [crowd for crowd in EVERY if crowd.designs == "one design"], ids=lambda crowd: crowd.case
)
def test_the_interval_between_contributors_holds_what_such_sensors_read(crowd: SensedCrowd) -> None:
    """As often as it says, less four standard deviations of so many cells; the benchmark has the exact figures."""
    held = [
        within(expected_j, value.between_low_j, value.between_high_j) for value, expected_j in values(crowd)
    ]
    assert sum(held) >= (0.95 - 4 * math.sqrt(0.95 * 0.05 / CELLS)) * CELLS


@pytest.mark.laws
def test_contributors_alone_do_not_hold_the_true_energy() -> None:
    """Forty devices with one sensor agree on what it reads: that is the fault which the second interval is for."""
    crowd = SensedCrowd(40, "full", "one design")
    held = [within(1.0, value.between_low_j, value.between_high_j) for value, _ in values(crowd)]
    assert sum(held) < 0.3 * len(held)


@pytest.mark.parametrize("n", [2, 3, 7, 8, 9, 40, 200])
def test_equal_values_never_make_an_interval_without_width(n: int) -> None:
    value = equal(n, sensor_u=None)
    assert value.low_j is not None
    assert value.high_j is not None
    assert value.low_j < 1 < value.high_j
    assert (value.between_low_j, value.between_high_j) == (value.low_j, value.high_j)
    usual = 0.03 * math.sqrt(4 / (4 + n))
    assert value.high_j - 1 >= 1.95 * usual / math.sqrt(n)


@pytest.mark.parametrize("spread", [0.0, 0.01, 0.03, 0.1])
def test_the_interval_does_not_jump_at_eight_contributors(spread: float) -> None:
    """Below eight it is a t-interval of the median, which is less sure of itself than the biweight from eight on."""
    seven, eight = equal(7, spread=spread), equal(8, spread=spread)
    ratio = _half(eight.low_j, eight.high_j) / _half(seven.low_j, seven.high_j)
    assert 0.75 < ratio < 1.05
    between = _half(eight.between_low_j, eight.between_high_j) / _half(
        seven.between_low_j, seven.between_high_j
    )
    assert 0.45 < between < 1.05


@pytest.mark.parametrize("n", [2, 7, 8, 40, 1000])
def test_however_many_agree_the_shared_error_stays(n: int) -> None:
    value = equal(n, spread=0.03)
    assert value.sensor_u == pytest.approx(0.08, rel=1e-9)
    assert value.low_j is not None
    assert value.high_j is not None
    assert value.low_j <= value.energy_per_query_j * (1 - 0.16)
    assert value.high_j >= value.energy_per_query_j * (1 + 0.16)


def test_designs_err_independently_and_average_out() -> None:
    four = [
        ResultReading(contributor=n, device=n, energy_per_query_j=1.0, sensor_u=0.08, design=f"design {n}")
        for n in range(4)
    ]
    assert cell_value(four).sensor_u == pytest.approx(0.04, rel=1e-9)
    half = [
        *four[:2],
        *(
            ResultReading(contributor=n, device=n, energy_per_query_j=1.0, sensor_u=0.08, design="design 0")
            for n in (2, 3)
        ),
    ]
    assert cell_value(half).sensor_u == pytest.approx(0.08 * math.hypot(0.75, 0.25), rel=1e-9)


def test_a_contributor_with_two_designs_has_half_of_each() -> None:
    voice = [Sensed("a", "d1", 0.08), Sensed("a", "d1", 0.08), Sensed("b", "d2", 0.04)]
    assert shared_u(np.array([1.0]), [voice]) == pytest.approx(math.hypot(0.04, 0.02), rel=1e-12)


def test_a_sensor_of_which_nothing_is_known_leaves_the_true_energy_open() -> None:
    known, unknown = (
        ResultReading(contributor=who, device=who, energy_per_query_j=1.0, sensor_u=u)
        for who, u in (("a", 0.08), ("b", None))
    )
    value = cell_value([known, unknown])
    assert (value.sensor_u, value.low_j, value.high_j) == (None, None, None)
    assert value.between_low_j is not None


def test_a_load_too_light_for_the_sensor_has_no_lower_limit() -> None:
    value = equal(3, sensor_u=0.7)
    assert value.low_j == 0.0
    assert value.high_j is not None
    assert value.high_j > 2.4


def test_a_single_source_has_neither_interval_but_its_sensors_part_is_known() -> None:
    value = equal(1)
    assert (value.low_j, value.high_j, value.between_low_j, value.between_high_j) == (None, None, None, None)
    assert value.sensor_u == pytest.approx(0.08, rel=1e-9)


@pytest.mark.laws
@law()
@given(
    st.lists(
        st.builds(
            ResultReading,
            contributor=st.sampled_from(["ada", "grace", "lin"]),
            device=st.sampled_from(["a", "b", "c", "d"]),
            energy_per_query_j=st.floats(min_value=1e-9, max_value=1e9),
            sensor_u=st.floats(0, 3),
            design=st.sampled_from(["x", "y"]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_the_displayed_interval_holds_the_one_between_contributors(listed: list[ResultReading]) -> None:
    value = cell_value(listed)
    without = cell_value(
        ResultReading(contributor=r.contributor, device=r.device, energy_per_query_j=r.energy_per_query_j)
        for r in listed
    )
    assert value.sensor_u is not None
    assert value.sensor_u <= max(reading.sensor_u or 0.0 for reading in listed) * (1 + 1e-9)
    assert (value.between_low_j, value.between_high_j) == (without.between_low_j, without.between_high_j)
    if value.low_j is None or value.between_low_j is None:
        assert (value.low_j, value.high_j, value.between_low_j, value.between_high_j) == (
            None,
            None,
            None,
            None,
        )
        assert value.no_interval in ("single-source", "sources-disagree")
        return
    assert value.high_j is not None
    assert value.between_high_j is not None
    assert 0 <= value.low_j <= value.between_low_j <= value.between_high_j <= value.high_j


@pytest.mark.laws
@law()
@given(st.floats(1e-3, 1e3), st.floats(0, 1), st.floats(0, 10), st.floats(0, 3))
def test_widening_adds_in_squares_and_never_goes_below_zero(
    value: float, below: float, above: float, u: float
) -> None:
    low, high = widened(value, value * (1 - below), value * (1 + above), u)
    assert high / value - 1 == pytest.approx(math.hypot(above, 2 * u), rel=1e-9, abs=1e-9)
    assert low / value == pytest.approx(max(1 - math.hypot(below, 2 * u), 0.0), rel=1e-9, abs=1e-9)


def _half(low: float | None, high: float | None) -> float:
    assert low is not None
    assert high is not None
    return (high - low) / 2
