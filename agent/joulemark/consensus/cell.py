"""One value for a cell: what independent devices say of one model and data set, under equal conditions.

The rule, in words: the unit is a device, not a result. A device that reports fifty times speaks once, with
the median of what it reported; every device then weighs the same, whatever uncertainty it claims for itself;
the cell's value is the median over devices. Medians are taken on the logarithm of the energy, because errors
of a power sensor multiply, and because then a value and its inverse are treated alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

Label = Literal["single source", "several sources"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One accepted result: joules per query as `device` of `contributor` measured or estimated them."""

    contributor: Hashable
    device: Hashable
    energy_per_query_j: float


@dataclass(frozen=True, kw_only=True)
class CellValue:
    """A cell's value in joules per query; `low_j` and `high_j` are its smallest and largest device value.

    The range is what was observed, not a confidence interval. `label` is "single source" while one
    contributor, or one device under several names, is all there is: such a cell has a value but no rank.
    """

    energy_per_query_j: float
    low_j: float
    high_j: float
    n_devices: int
    n_contributors: int
    n_results: int
    label: Label


def log_median(values: Sequence[float]) -> float:
    """The median on the log scale: for an even count the geometric mean of the middle two.

    Raises ValueError when there is no value, or one that is not positive and finite.
    """
    array = np.sort(np.asarray(values, dtype=float))
    if array.size == 0:
        raise ValueError("A median needs at least one value.")
    if not np.all(np.isfinite(array)) or array[0] <= 0:
        raise ValueError("Energies must be positive and finite to be combined on the log scale.")
    middle = array.size // 2
    if array.size % 2:
        return float(array[middle])
    below, above = array[middle - 1], array[middle]
    # by their roots, because the product may overflow or vanish; rounding must not leave the two
    return float(np.clip(np.sqrt(below) * np.sqrt(above), below, above))


def device_values(readings: Iterable[Reading]) -> dict[Hashable, float]:
    """Joules per query of each device: the median of its own results.

    A device is known by its tag alone, so that one device reporting under many keys still counts once.
    """
    by_device: dict[Hashable, list[float]] = {}
    for reading in readings:
        by_device.setdefault(reading.device, []).append(reading.energy_per_query_j)
    return {device: log_median(values) for device, values in by_device.items()}


def cell_value(readings: Iterable[Reading]) -> CellValue:
    """Combine the readings of one cell. Raises ValueError for none, or one not positive and finite."""
    listed = list(readings)
    values = list(device_values(listed).values())
    n_contributors = len({reading.contributor for reading in listed})
    alone = n_contributors == 1 or len(values) == 1
    return CellValue(
        energy_per_query_j=log_median(values),
        low_j=min(values),
        high_j=max(values),
        n_devices=len(values),
        n_contributors=n_contributors,
        n_results=len(listed),
        label="single source" if alone else "several sources",
    )
