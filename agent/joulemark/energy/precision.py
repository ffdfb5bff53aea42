"""How well the windows of one run fix the mean: decides when a run has enough of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_T_95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Student's t, two-sided 95 %, 1 to 30 degrees of freedom (NIST/SEMATECH e-Handbook, 1.3.6.7.2)."""

_Z_95 = 1.959963984540054
_FISHER = (
    (_Z_95**3 + _Z_95) / 4,
    (5 * _Z_95**5 + 16 * _Z_95**3 + 3 * _Z_95) / 96,
    (3 * _Z_95**7 + 19 * _Z_95**5 + 17 * _Z_95**3 - 15 * _Z_95) / 384,
    (79 * _Z_95**9 + 776 * _Z_95**7 + 1482 * _Z_95**5 - 1920 * _Z_95**3 - 945 * _Z_95) / 92160,
)
_EXPANDED_FROM = 3.0


def relative_half_width(values: Sequence[float]) -> float:
    """Half-width of the mean's 95 % t-interval over the mean; infinite below two values or at mean 0."""
    n = len(values)
    mean = math.fsum(values) / n if n else 0.0
    if n < 2 or mean <= 0:
        return math.inf
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    return student_t_95(n - 1) * math.sqrt(variance / n) / mean


def student_t_95(degrees: int) -> float:
    """Two-sided 95 % quantile of Student's t.

    Above 30 degrees the value at 30, which is on the safe side by < 4.2 %.
    """
    return _T_95[min(degrees, len(_T_95)) - 1]


def student_t_95_at(degrees: float) -> float:
    """The same at any number of degrees from 1 on, by Fisher's expansion around the normal quantile from 3 on.

    Within 0.15 % (Abramowitz and Stegun 1964, 26.7.5); between 1 and 3 the table, interpolated in the inverse.
    """
    if degrees >= _EXPANDED_FROM:
        return _Z_95 + math.fsum(term / degrees**power for power, term in enumerate(_FISHER, start=1))
    below = int(degrees)
    low, high = _T_95[below - 1], _T_95[below]
    return low + (high - low) * (1 / below - 1 / degrees) / (1 / below - 1 / (below + 1))
