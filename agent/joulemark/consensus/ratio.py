"""How many times the energy: general-purpose over task-specific models, for one task and data set.

The rule, in words: divide within one device wherever one device ran both models, because then the device's
own bias (its sensor, its cooling, its host) stands above and below the line and cancels. Only for two models
that no device ran both of, divide one cell's value by the other's. Each pair of models gives one ratio and
counts once: the median over the contributors who ran both, by the rule of `voices`, so that tags buy no votes
(for pairs formed from cells, the median over conditions). The comparison is the geometric mean over pairs,
shown with the smallest and largest pair.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from joulemark.consensus.voices import Said, mean_of_two, voices, weighted_median

Formed = Literal["same device", "cells", "mixed"]


@dataclass(frozen=True, kw_only=True)
class ModelValue:
    """Joules per query of one model. `source` says under what conditions (hardware class, scope, stratum).

    Only values of one contributor, device and source are divided. A cell's value has no contributor and no
    device: there every source speaks for itself.
    """

    model: Hashable
    general_purpose: bool
    source: Hashable
    energy_per_query_j: float
    contributor: Hashable = None
    device: Hashable = None


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
    per_pair = np.array([_middle(said) for said in chosen.values()])
    return PairedRatio(
        ratio=float(np.exp(np.mean(per_pair))),
        low=float(np.exp(np.min(per_pair))),
        high=float(np.exp(np.max(per_pair))),
        n_pairs=len(chosen),
        n_sources=len({word.device for said in chosen.values() for word in said}),
        formed=_formed(len(within_devices), len(chosen)),
    )


def _formed(n_within_devices: int, n_all: int) -> Formed:
    if n_within_devices == n_all:
        return "same device"
    return "mixed" if n_within_devices else "cells"


def _middle(said: list[Said]) -> float:
    return weighted_median(voices(said, between=mean_of_two), between=mean_of_two)


Pair = tuple[Hashable, Hashable]


def _log_ratios(values: Iterable[ModelValue]) -> dict[Pair, list[Said]]:
    """For each pair of models, general-purpose first: the log ratios where both were run."""
    by_place: dict[tuple[Hashable, Hashable, Hashable], tuple[list[ModelValue], list[ModelValue]]] = {}
    for value in values:
        if not (np.isfinite(value.energy_per_query_j) and value.energy_per_query_j > 0):
            raise ValueError("Energies must be positive and finite to be compared as a ratio.")
        place = (value.contributor, value.device, value.source)
        by_place.setdefault(place, ([], []))[0 if value.general_purpose else 1].append(value)
    ratios: dict[Pair, list[Said]] = {}
    for (contributor, device, source), (general, specific) in by_place.items():
        for above, below in product(general, specific):
            said = Said(
                contributor=source if contributor is None else contributor,
                device=source if device is None else device,
                value=float(np.log(above.energy_per_query_j) - np.log(below.energy_per_query_j)),
            )
            ratios.setdefault((above.model, below.model), []).append(said)
    return ratios
