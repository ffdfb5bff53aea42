"""One value for a cell: what independent contributors say of one model and data set, under equal conditions.

The rule is that of `voices`: the unit is a contributor, not a device and not a result. Whoever reports fifty
times, or under fifty device tags, speaks once, and fifty keys on one device speak as one; each weighs the
same, whatever uncertainty it claims for itself. Medians are taken on the logarithm of the energy, because
errors of a power sensor multiply, and because then a value and its inverse are treated alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Literal

from joulemark.consensus.voices import Said, Voice, voices, weighted_median

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
    """A cell's value in joules per query; `low_j` and `high_j` are what its contributors say least and most.

    The range is what was observed, not a confidence interval. `n_devices` counts tags, `n_contributors` those
    who report; neither proves independence, since both are free to make. `label` is "single source" while one
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
    return weighted_median(
        [Voice(value=value, weight=Fraction(1)) for value in _checked(values)], between=_geometric_mean
    )


def _checked(values: Iterable[float]) -> list[float]:
    listed = [float(value) for value in values]
    if not all(isfinite(value) and value > 0 for value in listed):
        raise ValueError("Energies must be positive and finite to be combined on the log scale.")
    return listed


def _geometric_mean(below: float, above: float) -> float:
    # by their roots, because the product may overflow or vanish; rounding must not leave the two
    return min(max(sqrt(below) * sqrt(above), below), above)


def cell_value(readings: Iterable[Reading]) -> CellValue:
    """Combine the readings of one cell. Raises ValueError for none, or one not positive and finite."""
    listed = list(readings)
    _checked(reading.energy_per_query_j for reading in listed)
    heard = voices(
        (Said(contributor=r.contributor, device=r.device, value=r.energy_per_query_j) for r in listed),
        between=_geometric_mean,
    )
    value = weighted_median(heard, between=_geometric_mean)
    n_devices = len({reading.device for reading in listed})
    alone = len(heard) == 1 or n_devices == 1
    return CellValue(
        energy_per_query_j=value,
        low_j=min(voice.value for voice in heard),
        high_j=max(voice.value for voice in heard),
        n_devices=n_devices,
        n_contributors=len(heard),
        n_results=len(listed),
        label="single source" if alone else "several sources",
    )
