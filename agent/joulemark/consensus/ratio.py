"""How many times the energy: general-purpose over task-specific models, for one task and data set.

The rule, in words: divide within one device wherever one device ran both models, because then the device's
own bias (its sensor, its cooling, its host) stands above and below the line and cancels. Only for two models
that no device ran both of, divide one cell's value by the other's. Each pair of models gives one ratio (the
geometric mean over the devices that ran both) and counts once; the comparison is the geometric mean over
pairs, shown with the smallest and largest pair.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

Formed = Literal["same device", "cells", "mixed"]


@dataclass(frozen=True, kw_only=True)
class ModelValue:
    """Joules per query of one model. `source` says who and where: only values of one source are divided.

    For a device's value the source is that contributor and device under given conditions; for a cell's value
    it is the conditions alone (hardware class, scope, stratum).
    """

    model: Hashable
    general_purpose: bool
    source: Hashable
    energy_per_query_j: float


@dataclass(frozen=True, kw_only=True)
class PairedRatio:
    """Energy of general-purpose over task-specific models; `low` and `high` are the extreme pairs."""

    ratio: float
    low: float
    high: float
    n_pairs: int
    n_sources: int
    formed: Formed


def paired_ratio(
    *, device_values: Iterable[ModelValue], cell_values: Iterable[ModelValue]
) -> PairedRatio | None:
    """The comparison over all pairs of one model of either kind; None where there is no pair.

    `n_sources` counts the devices (or, for pairs formed from cells, the conditions) that stand behind the
    pairs. Raises ValueError for an energy that is not positive and finite.
    """
    within_devices = _log_ratios(device_values)
    from_cells = _log_ratios(cell_values)
    chosen = from_cells | within_devices
    if not chosen:
        return None
    per_pair = np.array([np.mean(list(by_source.values())) for by_source in chosen.values()])
    return PairedRatio(
        ratio=float(np.exp(np.mean(per_pair))),
        low=float(np.exp(np.min(per_pair))),
        high=float(np.exp(np.max(per_pair))),
        n_pairs=len(chosen),
        n_sources=len({source for by_source in chosen.values() for source in by_source}),
        formed=_formed(len(within_devices), len(chosen)),
    )


def _formed(n_within_devices: int, n_all: int) -> Formed:
    if n_within_devices == n_all:
        return "same device"
    return "mixed" if n_within_devices else "cells"


Pair = tuple[Hashable, Hashable]


def _log_ratios(values: Iterable[ModelValue]) -> dict[Pair, dict[Hashable, float]]:
    """For each pair of models, general-purpose first: the log ratio at each source that has both."""
    by_source: dict[Hashable, tuple[list[ModelValue], list[ModelValue]]] = {}
    for value in values:
        if not (np.isfinite(value.energy_per_query_j) and value.energy_per_query_j > 0):
            raise ValueError("Energies must be positive and finite to be compared as a ratio.")
        by_source.setdefault(value.source, ([], []))[0 if value.general_purpose else 1].append(value)
    ratios: dict[Pair, dict[Hashable, float]] = {}
    for source, (general, specific) in by_source.items():
        for above, below in product(general, specific):
            log_ratio = float(np.log(above.energy_per_query_j) - np.log(below.energy_per_query_j))
            ratios.setdefault((above.model, below.model), {})[source] = log_ratio
    return ratios
