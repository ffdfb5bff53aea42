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
