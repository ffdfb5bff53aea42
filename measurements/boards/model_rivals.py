"""What stands beside a model's values: its rank among models of its size, and which models beat it.

A model beats another under the same conditions if it surely uses less energy (the 95 % interval of the difference lies
below 0) and scores no worse by any score that both have; of models without a common score nothing is said. Chance may
still have made an equal score look no worse, so what a beaten model shows is each pair of scores with their intervals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from joulemark.consensus.rank import Standing, rank_among, surely_lower
from joulemark.leaderboard.fronts import cell_scores
from measurements.boards.models import Cell
from measurements.boards.relative_energy import informative, relative_energy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from measurements.boards.relative_energy import RelativeEnergy

SIZE_FACTOR = 2
"""Models of a size have at least half and at most twice as many parameters."""
MAX_RIVALS = 3000
"""Values of other models that one page reads; beyond, it says that it compares none."""
MAX_SHOWN = 5
"""Models that beat a value which a page names, least energy first."""
CONDITIONS = ("suite_id", "grade", "dataset_id", "hardware_class_id", "scope", "stratum")
OF_MODEL = ("model__slug", "model__title", "model__kind", "model__parameters")
OF_ENERGY = ("energy_per_query_j", "between_low_j", "between_high_j", "low_j", "high_j", "quality")

Condition = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Rival:
    """One model's value under some conditions, in joules per query; `ends` is the interval for comparisons."""

    model: str
    title: str
    kind: str
    parameters: int | None
    energy_per_query_j: float
    ends: tuple[float, float] | None
    scores: Mapping[str, Mapping[str, Any]]

    @property
    def standing(self) -> Standing:
        """What a rank is given by."""
        low_j, high_j = self.ends or (None, None)
        return Standing(energy_per_query_j=self.energy_per_query_j, low_j=low_j, high_j=high_j)


@dataclass(frozen=True, kw_only=True)
class SizeRank:
    """The true rank among `n_models` models of a size lies between `best` and `worst`; 1 is the least energy."""

    best: int
    worst: int
    n_models: int


@dataclass(frozen=True, kw_only=True)
class Better:
    """A model that beats a value: its energy over the value's own, and pairs of scores (its, own)."""

    contender: Rival
    relative: RelativeEnergy
    scores: list[tuple[Mapping[str, Any], Mapping[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Rivalry:
    """What is beside one value. `better` are the first of `n_better` that beat it; `size_rank` is None without one."""

    size_rank: SizeRank | None = None
    better: list[Better] = field(default_factory=list)
    n_better: int = 0


def size_rank(own: Rival, others: Sequence[Rival]) -> SizeRank | None:
    """The rank among those of `others` that are of its size; None where its size or its interval is not known."""
    if own.parameters is None or own.ends is None:
        return None
    peers = [other for other in others if is_of_size(own.parameters, other.parameters) and other.ends]
    rank = rank_among(own.standing, [peer.standing for peer in peers])
    return None if rank is None else SizeRank(best=rank.best, worst=rank.worst, n_models=1 + len(peers))


def is_of_size(parameters: int, other: int | None) -> bool:
    """Whether a number of parameters is within `SIZE_FACTOR` of another."""
    return other is not None and parameters <= SIZE_FACTOR * other and other <= SIZE_FACTOR * parameters


def better_ones(own: Rival, others: Sequence[Rival]) -> list[Better]:
    """Those of `others` that beat a value, least energy first."""
    better = [
        Better(
            contender=other,
            relative=relative_energy(
                other.energy_per_query_j, other.ends, own.energy_per_query_j, own.ends, is_least=False
            ),
            scores=[(other.scores[metric], own.scores[metric]) for metric in _common(own, other)],
        )
        for other in others
        if surely_lower(other.standing, own.standing) and _no_worse(other, own)
    ]
    return sorted(better, key=lambda other: (other.contender.energy_per_query_j, other.contender.model))


def _common(own: Rival, other: Rival) -> list[str]:
    return sorted(own.scores.keys() & other.scores.keys())


def _no_worse(other: Rival, own: Rival) -> bool:
    """Whether there is a score that both have, and none by which `other` is worse."""
    common = _common(own, other)
    return bool(common) and all(_at_least(other.scores[metric], own.scores[metric]) for metric in common)


def _at_least(score: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    if score["higher_is_better"]:
        return bool(score["value"] >= own["value"])
    return bool(score["value"] <= own["value"])


def rivalries(cells: Sequence[Cell]) -> dict[int, Rivalry] | None:
    """What is beside each of a model's cells, by their primary keys, in one query; None where that is too much."""
    if not cells:
        return {}
    rows = (
        Cell.objects.filter(_beside(cells)).order_by().values_list("pk", *CONDITIONS, *OF_MODEL, *OF_ENERGY)
    )
    read = list(rows[: MAX_RIVALS + 1])
    if len(read) > MAX_RIVALS:
        return None
    own = {cell.pk: _condition_of(cell) for cell in cells}
    contenders: dict[Condition, dict[int, Rival]] = {}
    for pk, *values in read:
        condition = tuple(values[: len(CONDITIONS)])
        contenders.setdefault(condition, {})[pk] = _contender(values[len(CONDITIONS) :])
    return {pk: _rivalry(pk, contenders.get(condition, {})) for pk, condition in own.items()}


def _beside(cells: Sequence[Cell]) -> Q:
    """The cells themselves, and those under the conditions of each with less energy or of its model's size."""
    any_of = Q(pk__in=[cell.pk for cell in cells])
    for cell in cells:
        beside = Q(energy_per_query_j__lt=cell.energy_per_query_j)
        if cell.model.parameters is not None:
            least = -(-cell.model.parameters // SIZE_FACTOR)
            beside |= Q(
                model__parameters__gte=least, model__parameters__lte=cell.model.parameters * SIZE_FACTOR
            )
        any_of |= Q(**dict(zip(CONDITIONS, _condition_of(cell), strict=True))) & beside
    return any_of


def _condition_of(cell: Cell) -> Condition:
    return tuple(getattr(cell, name) for name in CONDITIONS)


def _contender(values: Sequence[Any]) -> Rival:
    model, title, kind, parameters, energy, between_low, between_high, low, high, quality = values
    has_two = between_low is not None and between_high is not None
    ends = informative(energy, between_low, between_high) if has_two else informative(energy, low, high)
    return Rival(
        model=model,
        title=title,
        kind=kind,
        parameters=parameters,
        energy_per_query_j=energy,
        ends=ends,
        scores={score["metric"]: score for score in cell_scores(quality)},
    )


def _rivalry(pk: int, contenders: Mapping[int, Rival]) -> Rivalry:
    own = contenders.get(pk)
    if own is None:
        return Rivalry()
    others = [contender for other, contender in contenders.items() if other != pk]
    better = better_ones(own, others)
    return Rivalry(size_rank=size_rank(own, others), better=better[:MAX_SHOWN], n_better=len(better))
