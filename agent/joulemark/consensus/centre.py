"""The middle of a cell's voices on the log scale, and how far a voice usually lies from it.

Below `ENOUGH` independent voices it is the weighted median: of three values one may be anything. From there on it is
Tukey's biweight, started at that median, with a scale fixed beforehand. Every voice is in it; one far off pulls less,
and one beyond `REACH` scales pulls no more. A median or Huber's estimate keeps a part of a one-sided error however many
voices there are (a fifth of them 30 % low moves the median of forty by 1.2 %), so that no interval of theirs could hold
what it promises; docs/decisions/0023 has the figures.

Sources: Mosteller and Tukey 1977, Data Analysis and Regression, chapter 10 (biweight); Maronna, Martin, Yohai and
Salibian-Barrera 2019, Robust Statistics, chapter 2 (location with a preliminary scale).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

from joulemark.consensus.errors import ImpossibleValue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ENOUGH = 8.0
"""Independent voices from which the centre is a biweight and its interval a bootstrap's."""

REACH = 4.685
"""Scales beyond which a voice has no pull: 95 % efficiency where errors are normal (Maronna et al. 2019, table 2.2)."""

USUAL_SPREAD, USUAL_WEIGHT = 0.03, 4.0
"""Relative spread between devices of one kind (docs/method.md), and how many voices' evidence this knowledge is worth:
eight values alone tell their scale too badly to say which of them are far off."""

CLOSE = 1e-13
"""A step on the log scale that no reader will see."""


@dataclass(frozen=True, kw_only=True)
class Centre:
    """`value` on the log scale; `spread` is the standard deviation of one voice around it, resistant to far ones.

    `pull` has one number a voice, its weight times how much of it the centre heeds; `slope` is the sum of the
    estimating function's derivative, in the same unit. `voices` is the sum of weights: how many independent voices
    there are.
    """

    value: float
    spread: float
    pull: Floats
    slope: float
    voices: float

    @property
    def effective(self) -> float:
        """How many voices of equal pull say as much: at most the independent ones."""
        total = float(self.pull.sum())
        return min(self.voices, total * total / float(self.pull @ self.pull))


def centre_of(values: Floats, weights: Sequence[Fraction]) -> Centre:
    """The centre of `values` (log scale, ascending), each with a weight above 0 and at most 1.

    Deterministic: the same values in the same order give the same bits. Raises ImpossibleValue for no value.
    """
    if not len(values):
        raise ImpossibleValue("A centre needs at least one value.")
    shares = _whole(weights)
    weight = as_floats(weights)
    middle = _median(values, shares)
    spread = _spread(values, middle, shares, float(weight.sum()))
    if weight.sum() < ENOUGH:
        return Centre(
            value=middle, spread=spread, pull=weight, slope=float(weight.sum()), voices=float(weight.sum())
        )
    return _biweight(values, weight, middle, spread)


def as_floats(weights: Sequence[Fraction]) -> Floats:
    """The weights as an array of their length."""
    return np.array([weight.numerator / weight.denominator for weight in weights])


def _biweight(values: Floats, weight: Floats, middle: float, spread: float) -> Centre:
    for _step in range(100):
        heeded = weight * _heed(values, middle, spread)
        following = float(heeded @ values) / float(heeded.sum())
        moved, middle = abs(following - middle), following
        if moved < CLOSE:
            break
    far = np.square((values - middle) / (REACH * spread))
    slope = float(weight @ np.where(far < 1, (1 - far) * (1 - 5 * far), 0.0))
    pull = weight * _heed(values, middle, spread)
    return Centre(value=middle, spread=spread, pull=pull, slope=slope, voices=float(weight.sum()))


def _heed(values: Floats, middle: float, spread: float) -> Floats:
    far = np.square((values - middle) / (REACH * spread))
    return np.where(far < 1, np.square(1 - far), 0.0)


def _spread(values: Floats, middle: float, shares: list[int], voices: float) -> float:
    """Median absolute deviation as a standard deviation, drawn towards what is usual while there are few voices.

    The factor 1 + 0.8 / n takes out most of its bias in small samples (Croux and Rousseeuw 1992).
    """
    off = np.abs(values - middle)
    order = np.argsort(off, kind="stable")
    deviation = _median(off[order], [shares[place] for place in order])
    seen = 1.4826 * (1 + 0.8 / voices) * deviation
    return float(np.sqrt((USUAL_WEIGHT * USUAL_SPREAD**2 + voices * seen**2) / (USUAL_WEIGHT + voices)))


def _median(ascending: Floats, shares: list[int]) -> float:
    """The value with half of the shares on either side; the mean of two where the halves meet exactly."""
    total, below = sum(shares), 0
    for place, share in enumerate(shares):
        below += share
        if 2 * below == total:
            return float((ascending[place] + ascending[place + 1]) / 2)
        if 2 * below > total:
            return float(ascending[place])
    raise AssertionError("The shares of all values are less than half of their sum.")


def _whole(weights: Sequence[Fraction]) -> list[int]:
    """Weights as whole numbers in the same proportions, so that a tie is a tie."""
    whole = reduce(lcm, (weight.denominator for weight in weights), 1)
    return [weight.numerator * (whole // weight.denominator) for weight in weights]
