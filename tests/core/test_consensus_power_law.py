"""The power law: least squares in the logarithms, against NumPy's; its band covers the line as often as it says."""

from __future__ import annotations

from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.power_law import power_law
from tests.laws import law

numbers = st.floats(1e-3, 1e4)


@pytest.mark.laws
@law()
@given(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=30))
def test_it_is_least_squares(points: list[tuple[float, float]]) -> None:
    logs = np.log(np.array(points))
    assume(float(np.ptp(logs[:, 0])) > 0.1)
    fitted = power_law(points)
    assert fitted is not None
    slope, intercept = np.polyfit(logs[:, 0], logs[:, 1], 1)
    assert fitted.exponent == pytest.approx(slope, rel=1e-6, abs=1e-8)
    for x, _ in points:
        assert log(fitted.value(x)) == pytest.approx(intercept + slope * log(x), rel=1e-6, abs=1e-6)
        low, high = fitted.band(x)
        assert low <= fitted.value(x) * (1 + 1e-12)
        assert fitted.value(x) <= high * (1 + 1e-12)
    assert fitted.exponent_low <= fitted.exponent <= fitted.exponent_high


def test_the_band_covers_the_true_line_in_95_of_100() -> None:
    random = np.random.default_rng(20261201)
    sizes = np.array([0.1, 0.3, 1.0, 3.0, 7.0, 13.0])
    covered = slopes = 0
    for _ in range(1000):
        energies = 2.0 * sizes**0.7 * np.exp(random.normal(0, 0.3, len(sizes)))
        fitted = power_law(list(zip(sizes.tolist(), energies.tolist(), strict=True)))
        assert fitted is not None
        low, high = fitted.band(5.0)
        covered += low <= 2.0 * 5.0**0.7 <= high
        slopes += fitted.exponent_low <= 0.7 <= fitted.exponent_high
    assert 930 <= covered <= 970
    assert 930 <= slopes <= 970


def test_exact_points_leave_no_doubt() -> None:
    fitted = power_law([(x, 3 * x**0.5) for x in (1.0, 4.0, 9.0)])
    assert fitted is not None
    assert fitted.exponent == pytest.approx(0.5)
    assert fitted.band(4.0) == pytest.approx((6.0, 6.0))
    assert fitted.value(exp(0)) == pytest.approx(3.0)


def test_nothing_is_fitted_to_too_little() -> None:
    assert power_law([(1.0, 2.0), (2.0, 3.0)]) is None
    assert power_law([(5.0, 2.0), (5.0, 3.0), (5.0, 4.0)]) is None
    for wrong in (0.0, -1.0, inf):
        with pytest.raises(ImpossibleValue):
            power_law([(1.0, 2.0), (2.0, 3.0), (3.0, wrong)])
