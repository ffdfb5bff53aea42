"""Student's t at every number of degrees of freedom, beside scipy's."""

from __future__ import annotations

from math import inf, isinf, lgamma, log, nan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import stdtrit

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.student_t import outside, t_quantile_95
from tests.laws import law

LEAST_OF_SCIPY = 0.01
"""Below, scipy's search ends at 1e150 and not at the quantile."""


@pytest.mark.laws
@law()
@given(st.floats(min_value=LEAST_OF_SCIPY, max_value=1e7))
@example(1.533)
@example(1.7)
@example(1.9999999999999998)
@example(999.9999999999999)
@example(1e7)
def test_the_quantile_is_scipys(degrees: float) -> None:
    assert t_quantile_95(degrees) == pytest.approx(-stdtrit(degrees, 0.025), rel=1e-12)


@pytest.mark.laws
@law()
@given(st.floats(min_value=1.5, max_value=2.5))
def test_where_welch_puts_two_models_of_each_kind(degrees: float) -> None:
    assert t_quantile_95(degrees) == pytest.approx(-stdtrit(degrees, 0.025), rel=1e-12)
    assert outside(t_quantile_95(degrees), degrees) == pytest.approx(0.05, rel=1e-12)


@pytest.mark.laws
@law()
@given(st.floats(min_value=0, exclude_min=True, max_value=LEAST_OF_SCIPY))
@example(5e-324)
@example(0.0043)
def test_far_out_the_tail_is_a_power_law(degrees: float) -> None:
    """P(|T| > t) = 2 d**(d/2 - 1) t**-d / B(d/2, 1/2), whose next term is d / t**2 times as large."""
    quantile = t_quantile_95(degrees)
    if degrees < 1e-300:  # whose half is no number to take a gamma function of
        assert isinf(quantile)
        return
    log_beta = lgamma(degrees / 2) + lgamma(0.5) - lgamma((degrees + 1) / 2)
    expected = log(degrees) / 2 + (log(2) - log(degrees) - log_beta - log(0.05)) / degrees
    if isinf(quantile):
        assert expected > 709
    else:
        assert log(quantile) == pytest.approx(expected, rel=1e-11)


@pytest.mark.laws
@law()
@given(st.floats(min_value=0.005, max_value=1e12), st.floats(min_value=1, exclude_min=True, max_value=1e3))
def test_more_degrees_never_widen(degrees: float, factor: float) -> None:
    assert t_quantile_95(degrees * factor) <= t_quantile_95(degrees) * (1 + 1e-13)
    assert t_quantile_95(degrees) >= t_quantile_95(inf)


@pytest.mark.parametrize("degrees", [0.0, -1.0, nan, -inf])
def test_quantiles_need_degrees_above_0(degrees: float) -> None:
    with pytest.raises(ImpossibleValue, match="above 0"):
        t_quantile_95(degrees)


def test_infinitely_many_degrees_are_the_normal_distribution() -> None:
    assert t_quantile_95(inf) == pytest.approx(-stdtrit(1e300, 0.025), rel=1e-14)
