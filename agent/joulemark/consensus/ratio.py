"""How many times the energy: general-purpose over task-specific models, for one task and data set.

The rule, in words: divide within one device wherever devices of at least two independent contributors ran both
models, because then the device's own bias (its sensor, its cooling, its host) stands above and below the line and
cancels. For other pairs divide one cell's value by the other's; where a cell has no interval either, one device that
ran both is still better. Each pair of models gives one ratio and
counts once: the median over the contributors who ran both, by the rule of `voices`, so that tags buy no votes
(for pairs formed from cells, the median over conditions). The comparison is the geometric mean over pairs,
shown with the smallest and largest pair. It is the one ratio of this project: of volunteers' results, of
published series and of the 2024 study alike (docs/decisions/0035).

Its 95 % interval is over models (`over_models`): what another choice of as many models could have given. A second one
is about measurement alone: another crowd that runs the same pairs. Where pairs were formed within devices,
a contributor's voice is its mean distance from the middles of the pairs that it ran, and `interval` says how sure the
centre of these voices is. Where they come from cells, the cells' own half-widths add in each pair as the legs of a
right triangle, and their mean over pairs is taken as if all erred together, because pairs share cells. For one pair
of models it is all that is known, and says nothing of other models.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from itertools import product
from math import exp, hypot, log
from typing import Literal

import numpy as np

from joulemark.consensus.centre import centre_of
from joulemark.consensus.dark import paule_mandel
from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.interval import WIDEST, interval_of, tells_something
from joulemark.consensus.over_models import NoModelInterval, Pair, mean_over_pairs
from joulemark.consensus.voices import Observation, mean_of_two, voices, weighted_median

Formed = Literal["same device", "cells", "mixed"]

LEAST_WITHIN = 2.0
"""Independent contributors who ran both models of a pair before they outweigh its cells: one alone may say anything."""


@dataclass(frozen=True, kw_only=True)
class ModelValue:
    """Joules per query of one model. `source` says under what conditions (hardware class, scope, stratum).

    Only values of one contributor, device and source are divided. A cell's value has no contributor and no
    device: there every source speaks for itself. `half_width` is that of a cell's 95 % interval on the log scale, None
    where it has none.
    """

    model: Hashable
    general_purpose: bool
    source: Hashable
    energy_per_query_j: float
    contributor: Hashable = None
    device: Hashable = None
    half_width: float | None = None


@dataclass(frozen=True, kw_only=True)
class PairedRatio:
    """Energy of general-purpose over task-specific models; `low` and `high` are the extreme pairs.

    `over_models_low` to `over_models_high` is its 95 % interval, with the degrees of freedom that it rests on; None
    with a reason in `no_interval`. `low_95` to `high_95` is the 95 % interval of the measurement alone, the models
    being what they are; None where a single contributor or a cell without an interval stands behind it. The models of
    either kind are those that are in a pair, in alphabetical order.
    """

    ratio: float
    over_models_low: float | None
    over_models_high: float | None
    degrees: float | None
    no_interval: NoModelInterval | None
    low: float
    high: float
    low_95: float | None
    high_95: float | None
    general_purpose_models: tuple[Hashable, ...]
    task_specific_models: tuple[Hashable, ...]
    n_pairs: int
    n_sources: int
    formed: Formed


def paired_ratio(
    *, device_values: Iterable[ModelValue], cell_values: Iterable[ModelValue]
) -> PairedRatio | None:
    """The comparison over all pairs of one model of either kind; None where there is no pair.

    Models are divided within devices where `LEAST_WITHIN` independent contributors ran both; one alone does so only
    where the cells of the two models have no intervals, since then nobody knows better.

    `n_sources` counts the devices (or, for pairs formed from cells, the conditions) that stand behind the
    pairs. Raises ImpossibleValue for an energy that is not positive and finite.
    """
    cells = list(cell_values)
    from_cells = _log_ratios(cells)
    sure = {cell.model: True for cell in cells} | {
        cell.model: False for cell in cells if cell.half_width is None
    }
    within_devices = {
        pair: log_ratios
        for pair, log_ratios in _log_ratios(device_values).items()
        if pair not in from_cells
        or not all(sure[model] for model in pair)
        or _independent(log_ratios) >= LEAST_WITHIN
    }
    chosen = from_cells | within_devices
    if not chosen:
        return None
    middles = {pair: _middle(log_ratios) for pair, log_ratios in chosen.items()}
    over_models = mean_over_pairs(middles, widest=WIDEST)
    low_95, high_95 = _measured(over_models.mean, _half_widths(within_devices, middles, cells))
    half = over_models.half_width
    return PairedRatio(
        ratio=exp(over_models.mean),
        over_models_low=None if half is None else exp(over_models.mean - half),
        over_models_high=None if half is None else exp(over_models.mean + half),
        degrees=over_models.degrees,
        no_interval=over_models.no_interval,
        low=exp(min(middles.values())),
        high=exp(max(middles.values())),
        low_95=low_95,
        high_95=high_95,
        general_purpose_models=tuple(sorted({pair[0] for pair in middles}, key=str)),
        task_specific_models=tuple(sorted({pair[1] for pair in middles}, key=str)),
        n_pairs=len(chosen),
        n_sources=len({word.device for log_ratios in chosen.values() for word in log_ratios}),
        formed=_formed(len(within_devices), len(chosen)),
    )


def _measured(mean: float, halves: tuple[float | None, float | None]) -> tuple[float | None, float | None]:
    """The interval of the measurement, from its halves on the log scale; None where it tells nothing."""
    below, above = halves
    if below is None or above is None or not tells_something(below, above):
        return None, None
    return exp(mean - below), exp(mean + above)


def _formed(n_within_devices: int, n_all: int) -> Formed:
    if n_within_devices == n_all:
        return "same device"
    return "mixed" if n_within_devices else "cells"


def _require_energy(value: ModelValue) -> None:
    if not (np.isfinite(value.energy_per_query_j) and value.energy_per_query_j > 0):
        raise ImpossibleValue("Energies must be positive and finite to be compared as a ratio.")


def _half_widths(
    within_devices: dict[Pair, list[Observation]], middles: dict[Pair, float], cells: list[ModelValue]
) -> tuple[float | None, float | None]:
    """(below, above) the mean over pairs, on the log scale; None where one part of it is not known."""
    share = len(within_devices) / len(middles)
    below, above = 0.0, 0.0
    if share:
        by_contributors = _between_contributors(within_devices, middles)
        if by_contributors is None:
            return None, None
        below, above = share * by_contributors[0], share * by_contributors[1]
    if share < 1:
        of_cells = _between_cells([pair for pair in middles if pair not in within_devices], cells)
        if of_cells is None:
            return None, None
        below, above = below + (1 - share) * of_cells, above + (1 - share) * of_cells
    return below, above


def _between_contributors(
    within_devices: dict[Pair, list[Observation]], middles: dict[Pair, float]
) -> tuple[float, float] | None:
    apart = [
        Observation(contributor=word.contributor, device=word.device, value=word.value - middles[pair])
        for pair, log_ratios in within_devices.items()
        for word in log_ratios
    ]
    contributions = sorted(voices(apart, between=mean_of_two), key=lambda voice: (voice.value, voice.weight))
    if len(contributions) < 2 or len({word.device for word in apart}) < 2:
        return None
    values = np.array([voice.value for voice in contributions])
    weights = [voice.weight for voice in contributions]
    centre = centre_of(values, weights)
    nothing = [0.0] * len(
        values
    )  # a device's own error cancels in its ratio: all that is left is between them
    heed = centre.pull / np.array([float(weight) for weight in weights])
    dark = paule_mandel(values, np.full(len(values), 1e-6), centre=centre.value, heed=heed)
    low, high, _kind = interval_of(centre, values, nothing, dark)
    return centre.value - low, high - centre.value


def _between_cells(pairs: list[Pair], cells: list[ModelValue]) -> float | None:
    widths: dict[Hashable, list[float | None]] = {}
    for cell in cells:
        widths.setdefault(cell.model, []).append(cell.half_width)
    half_widths = []
    for pair in pairs:
        of_pair = [width for model in pair for width in widths[model]]
        if any(width is None for width in of_pair):
            return None
        largest = [max(width or 0.0 for width in widths[model]) for model in pair]
        half_widths.append(hypot(*largest))
    return sum(half_widths) / len(half_widths)


def _independent(log_ratios: list[Observation]) -> float:
    return float(sum(voice.weight for voice in voices(log_ratios, between=mean_of_two)))


def _middle(log_ratios: list[Observation]) -> float:
    return weighted_median(voices(log_ratios, between=mean_of_two), between=mean_of_two)


def _log_ratios(values: Iterable[ModelValue]) -> dict[Pair, list[Observation]]:
    """For each pair of models, general-purpose first: the log ratios where both were run."""
    by_place: dict[tuple[Hashable, Hashable, Hashable], tuple[list[ModelValue], list[ModelValue]]] = {}
    for value in values:
        _require_energy(value)
        place = (value.contributor, value.device, value.source)
        by_place.setdefault(place, ([], []))[0 if value.general_purpose else 1].append(value)
    ratios: dict[Pair, list[Observation]] = {}
    for (contributor, device, source), (general, specific) in by_place.items():
        for above, below in product(general, specific):
            ratio = Observation(
                contributor=source if contributor is None else contributor,
                device=source if device is None else device,
                value=log(above.energy_per_query_j) - log(below.energy_per_query_j),
            )
            ratios.setdefault((above.model, below.model), []).append(ratio)
    return ratios
