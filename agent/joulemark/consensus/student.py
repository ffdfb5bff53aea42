"""Student's t and the normal distribution, as far as intervals need them."""

from __future__ import annotations

from math import erf, floor, sqrt

from joulemark.energy.precision import student_t_95


def t_95(degrees: float) -> float:
    """Two-sided 95 % quantile for whole or broken degrees of freedom, at least 1.

    Between two whole ones a straight line: the quantile is convex in the degrees, so it errs on the wide side.
    """
    degrees = max(degrees, 1.0)
    below = floor(degrees)
    left, right = student_t_95(below), student_t_95(below + 1)
    return left + (degrees - below) * (right - left)


def normal_tail(z: float) -> float:
    """The probability of a standard normal variable below -z."""
    return (1 - erf(z / sqrt(2))) / 2
