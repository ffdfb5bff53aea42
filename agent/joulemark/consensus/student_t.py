"""Quantiles of Student's t for any number of degrees of freedom, fractions included.

Welch and Satterthwaite give fractions, which tables do not hold. The distribution is the regularised incomplete beta
function, here by its continued fraction (Press et al., Numerical Recipes, 3rd ed., section 6.4), inverted by
Newton's steps.
"""

from __future__ import annotations

from math import erfc, exp, floor, inf, isnan, lgamma, log, log1p, pi, sqrt

from joulemark.energy.precision import student_t_95

_STEPS, _TINY, _CLOSE = 500, 1e-300, 1e-15


def t_quantile_95(degrees: float) -> float:
    """Two-sided 95 % quantile: 12.706 at 1 degree, 1.960 at infinitely many.

    Raises ValueError for degrees that are not above 0. Below about 0.1 degrees the quantile may be infinite.
    """
    if isnan(degrees) or degrees <= 0:
        raise ValueError("Student's t needs degrees of freedom above 0.")
    degrees = min(degrees, 1e7)  # the normal distribution, to seven digits
    if degrees < 1:
        return _bisected(degrees)
    t = student_t_95(floor(degrees))
    for _ in range(50):  # Newton's steps from the side of the tail, where the distribution is convex
        step = (outside(t, degrees) - 0.05) / (2 * _density(t, degrees))
        t += step
        if abs(step) <= 1e-14 * t:
            break
    return t


def _bisected(degrees: float) -> float:
    low, high = 0.0, 1.0
    while outside(high, degrees) > 0.05:
        low, high = high, high * 2
        if high == inf:
            return inf
    for _ in range(200):
        middle = (low + high) / 2
        if outside(middle, degrees) > 0.05:
            low = middle
        else:
            high = middle
        if high - low <= _CLOSE * high:
            break
    return (low + high) / 2


def _density(t: float, degrees: float) -> float:
    front = lgamma((degrees + 1) / 2) - lgamma(degrees / 2) - log(degrees * pi) / 2
    return exp(front - (degrees + 1) / 2 * log1p(t * t / degrees))


def normal_tail(z: float) -> float:
    """The probability that a standard normal variable is below -z."""
    return erfc(z / sqrt(2)) / 2


def outside(t: float, degrees: float) -> float:
    """The probability that |T| is above `t`, for t >= 0."""
    if t == 0:
        return 1.0
    share = degrees / (degrees + t * t)
    return _incomplete_beta(share, a=degrees / 2, b=0.5)


def _incomplete_beta(x: float, *, a: float, b: float) -> float:
    """I_x(a, b)."""
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
