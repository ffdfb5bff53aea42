"""When a run knows its mean well enough to stop."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulemark.consensus.student_t import t_quantile_95
from joulemark.energy.precision import relative_half_width, student_t_95, student_t_95_at


def test_two_windows_by_hand() -> None:
    # mean 10, standard deviation sqrt(2), t(1) = 12.706: 12.706 * sqrt(2) / sqrt(2) / 10
    assert relative_half_width([9.0, 11.0]) == pytest.approx(1.2706, rel=1e-12)


@pytest.mark.parametrize("values", [[], [5.0], [0.0, 0.0], [-1.0, 1.0]])
def test_what_says_nothing_is_infinitely_wide(values: list[float]) -> None:
    assert relative_half_width(values) == math.inf


def test_equal_windows_are_exact() -> None:
    assert relative_half_width([3.0] * 5) == 0.0


def test_quantiles_fall_with_the_degrees_of_freedom_and_stay_above_the_normal_one() -> None:
    quantiles = [student_t_95(n) for n in range(1, 60)]
    assert quantiles == sorted(quantiles, reverse=True)
    assert quantiles[0] == 12.706
    assert quantiles[-1] == 2.042 > 1.96


@settings(deadline=None, derandomize=True)
@given(st.floats(1.0, 1e6))
def test_quantiles_between_whole_degrees_are_exact_or_on_the_safe_side(degrees: float) -> None:
    exact = t_quantile_95(degrees)
    found = student_t_95_at(degrees)
    assert found >= exact * (1 - 0.0015)
    assert found <= exact * (1.0015 if degrees >= 3 else 1.25)


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(1.0, 1e6), min_size=2, max_size=20), st.floats(1e-3, 1e3))
def test_the_unit_does_not_matter(values: list[float], factor: float) -> None:
    scaled = relative_half_width([value * factor for value in values])
    assert math.isclose(scaled, relative_half_width(values), rel_tol=1e-6, abs_tol=1e-9)
