"""Quantiles of Student's t for any number of degrees of freedom, fractions included.

Welch and Satterthwaite give fractions, which tables do not hold. The distribution is the regularised incomplete beta
function, here by its continued fraction (Press et al., Numerical Recipes, 3rd ed., section 6.4). It is inverted in the
logarithms of t and of the probability: there the tail is concave (Student's t has an increasing generalised failure
rate), so that Newton's steps arrive from any start, and cannot leave the positive axis.
"""

from __future__ import annotations

from functools import lru_cache
from math import erfc, exp, inf, isnan, lgamma, log, log1p, pi, sqrt

from joulemark.consensus.errors import ImpossibleValue

_STEPS, _TINY, _CLOSE = 500, 1e-300, 1e-15
_OUTSIDE = 0.05
_Z = 1.959963984540054
"""The same quantile of the normal distribution."""
_POWER_LAW_FROM = 34.0
"""Logarithm of t from which the tail is a power law to the last digit: d / t**2 < 1e-29 for d < 1."""
_LARGEST_LOG = 709.0
_INFINITE_BELOW = 0.004
"""Degrees: there the logarithm of the quantile is above 740."""
_SERIES_FROM = 1000.0
"""Degrees from which Fisher's expansion is exact to fourteen digits."""
_SERIES_STARTS_FROM = 3.0
"""Degrees from which it is near enough to begin with."""
_LAST_STEP = 1e-9
"""Newton's error after a step is about its square."""


@lru_cache(maxsize=4096)
def t_quantile_95(degrees: float) -> float:
    """Two-sided 95 % quantile: 12.706 at 1 degree, 1.960 at infinitely many.

    Infinite below about 0.0042 degrees, where it exceeds every float. Raises ImpossibleValue for degrees that are not
    above 0.
    """
    if isnan(degrees) or degrees <= 0:
        raise ImpossibleValue("Student's t needs degrees of freedom above 0.")
    if degrees < _INFINITE_BELOW:
        return inf
    if degrees >= _SERIES_FROM:
        return _fisher(degrees)
    log_t = _log_of_power_law(degrees)
    if log_t > _LARGEST_LOG:
        return inf
    if log_t > _POWER_LAW_FROM:
        return exp(log_t)
    log_t = log(_fisher(degrees)) if degrees >= _SERIES_STARTS_FROM else max(log_t, log(_Z))
    for _ in range(60):
        t = exp(log_t)
        probability = outside(t, degrees)
        step = log(probability / _OUTSIDE) * probability / (2 * t * _density(t, degrees))
        log_t += step
        if abs(step) <= _LAST_STEP:
            break
    return exp(log_t)


def _log_of_power_law(degrees: float) -> float:
    """The logarithm of t where the leading term of the tail is 0.05: an upper bound that becomes exact far out."""
    log_beta = lgamma(degrees / 2) + lgamma(0.5) - lgamma((degrees + 1) / 2)
    return log(degrees) / 2 + (log(2 / degrees) - log_beta - log(_OUTSIDE)) / degrees


def _fisher(degrees: float) -> float:
    """Fisher's expansion around the normal quantile (Abramowitz and Stegun 1964, 26.7.5)."""
    z = _Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / degrees**power for power, term in enumerate(terms, start=1))


def _density(t: float, degrees: float) -> float:
    front = lgamma((degrees + 1) / 2) - lgamma(degrees / 2) - log(degrees * pi) / 2
    return exp(front - (degrees + 1) / 2 * log1p(t * t / degrees))


def normal_tail(z: float) -> float:
    """The probability that a standard normal variable is below -z."""
    return erfc(z / sqrt(2)) / 2


def outside(t: float, degrees: float) -> float:
    """The probability that |T| is above `t`, for 0 <= t < 1e150."""
    if t == 0:
        return 1.0
    share = degrees / (degrees + t * t)
    return _incomplete_beta(share, a=degrees / 2, b=0.5)


def _incomplete_beta(x: float, *, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(x, a, b) / a
    return 1 - front * _continued_fraction(1 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Lentz's method. Raises ArithmeticError where it does not settle."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < _CLOSE:
            return value
    raise ArithmeticError("The incomplete beta function did not settle.")


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
