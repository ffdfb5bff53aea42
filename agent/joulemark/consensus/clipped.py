"""A variance that far values do not make: those within three spreads of the middle, corrected for the cut.

Started at the median absolute deviation and repeated until the same values stay (as Sigma clipping in astronomy;
Maronna, Martin, Yohai and Salibian-Barrera 2019, section 2.7, for why a hard rejection may start from a robust scale).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WITHIN = 3.0
LEFT = 0.97334
"""Variance of a standard normal variable that is cut at three on both sides."""
EFFICIENCY = 0.9
"""Of the freedom that the cut and its start leave."""
HONEST = 0.85
"""At most this share of all values counts as freedom, so that far values that happened not to be cut do not make the
variance, which they enlarge, look sure as well."""
MAD = 1.4826
MOST_ROUNDS = 30


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """A variance with the degrees of freedom that it rests on."""

    variance: float
    freedom: float

    @property
    def error(self) -> float:
        """The variance of the variance, for normal values."""
        return 2 * self.variance**2 / self.freedom

    @property
    def relative_error(self) -> float:
        """The standard error of the logarithm of the standard deviation."""
        return 1 / sqrt(2 * self.freedom)


def clipped_scatter(
    values: Sequence[float], weights: Sequence[float], *, centred: bool, independent: float = 1.0
) -> Scatter | None:
    """The variance of `values` around 0 where `centred`, else around their middle; None where nothing is repeated.

    `independent` is the share of the values that count as independent, where several may come from one source.
    """
    value, weight = np.array(values, dtype=np.float64), np.array(weights, dtype=np.float64)
    lost = 0.0 if centred else 1.0
    freedom_of_all = _freedom(weight) * independent - lost
    if freedom_of_all <= 0:
        return None
    middle = 0.0 if centred else _median(value, weight)
    spread = MAD * _median(np.abs(value - middle), weight)
    near = np.zeros(len(value), dtype=bool)
    variance = 0.0
    for _ in range(MOST_ROUNDS):
        before, near = near, np.abs(value - middle) <= WITHIN * spread
        if (before == near).all():
            break
        total = float(weight[near].sum())
        middle = middle if centred else float(weight[near] @ value[near]) / total
        number = _freedom(weight[near])
        if number <= lost:
            return None
        squares = float(weight[near] @ np.square(value[near] - middle)) / total
        variance = squares * number / (number - lost) / LEFT
        spread = sqrt(variance)
    freedom = min(_freedom(weight[near]) * independent - lost, HONEST * freedom_of_all)
    return Scatter(variance=variance, freedom=EFFICIENCY * freedom) if freedom > 0 else None


def _freedom(weight: Floats) -> float:
    """Kish's effective number of values."""
    if not len(weight):
        return 0.0
    total = float(weight.sum())
    return total * total / float(weight @ weight)


def _median(value: Floats, weight: Floats) -> float:
    order = np.argsort(value, kind="stable")
    below = np.cumsum(weight[order])
    half = below[-1] / 2
    place = int(np.searchsorted(below, half))
    if below[place] == half and place + 1 < len(order):
        return float(value[order[place]] + value[order[place + 1]]) / 2
    return float(value[order[place]])
