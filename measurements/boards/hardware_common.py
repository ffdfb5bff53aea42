"""A hardware class beside the others that ran the same models: the ratio of energies, and the models by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef

from measurements.boards.hardware_ratio import CommonValue, HardwareRatio, hardware_ratio
from measurements.boards.models import Cell
from measurements.boards.relative_energy import informative
from measurements.catalog.models import HardwareClass

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CARDS = 20
"""Other hardware classes that a page compares with: those with the most common models."""
MAX_VALUES = 4000
"""Values that it reads of either side."""
MAX_NAMED = 12
"""Values that it names of each comparison, by model."""
ALIKE = ("suite_id", "dataset_id", "model_id", "grade", "scope", "stratum")
"""Fields of a cell that are equal for values which may be divided."""
NAMED = ("model__slug", "model__title", "dataset__slug", "dataset__title")
CARD_FIELDS = ("slug", "title", "kind", "code", "name_state", "reported_by")
OF_CARD = tuple(f"hardware_class__{name}" for name in CARD_FIELDS)
ENERGIES = ("energy_per_query_j", "low_j", "high_j")


@dataclass(frozen=True, kw_only=True)
class NamedRatio:
    """One model on one data set: joules per query here and there."""

    model: str
    model_title: str
    dataset: str
    dataset_title: str
    own_j: float
    other_j: float

    @property
    def ratio(self) -> float:
        """Its energy here over that there."""
        return self.own_j / self.other_j


@dataclass(frozen=True, kw_only=True)
class CardComparison:
    """A hardware class over another, of one grade and scope. `named` are the first of `ratio.n_values`."""

    hardware: HardwareClass
    grade: str
    scope: str
    ratio: HardwareRatio
    named: list[NamedRatio]

    @property
    def n_further(self) -> int:
        """Values that are not named."""
        return self.ratio.n_values - len(self.named)


@dataclass(frozen=True, kw_only=True)
class CardComparisons:
    """The comparisons of a hardware class; `is_cut`: more values were there than a page reads, and none is shown."""

    rows: list[CardComparison]
    is_cut: bool


def compare_cards(hardware: HardwareClass) -> CardComparisons:
    """A hardware class beside others, those with the most common models first; in three queries at most."""
    alike = {name: OuterRef(name) for name in ALIKE}
    own_cells = Cell.objects.filter(hardware_class=hardware)
    common = Cell.objects.exclude(hardware_class=hardware).filter(
        Exists(own_cells.filter(**alike).order_by())
    )
    groups = list(
        common.order_by()
        .values_list("hardware_class", "grade", "scope", *OF_CARD)
        .annotate(n_models=Count("model", distinct=True))
        .order_by("-n_models", "hardware_class", "grade", "scope")[:MAX_CARDS]
    )
    if not groups:
        return CardComparisons(rows=[], is_cut=False)
    cards = {
        card: HardwareClass(pk=card, **dict(zip(CARD_FIELDS, fields, strict=True)))
        for card, _, _, *fields, _ in groups
    }
    others = list(
        common.filter(hardware_class__in=list(cards))
        .order_by("pk")
        .values_list("hardware_class", *ALIKE, *NAMED, *ENERGIES)[: MAX_VALUES + 1]
    )
    partner = Cell.objects.filter(hardware_class__in=list(cards), **alike)
    own = list(
        own_cells.filter(Exists(partner.order_by()))
        .order_by("pk")
        .values_list(*ALIKE, *ENERGIES)[: MAX_VALUES + 1]
    )
    if max(len(others), len(own)) > MAX_VALUES:
        return CardComparisons(rows=[], is_cut=True)
    energies = {tuple(values[: len(ALIKE)]): values[len(ALIKE) :] for values in own}
    pairs: dict[tuple[Any, ...], list[tuple[CommonValue, NamedRatio]]] = {}
    for card, *values in others:
        key = tuple(values[: len(ALIKE)])
        _, _, _, grade, scope, _ = key
        if key in energies:
            pair = _pair(energies[key], values[len(ALIKE) :])
            pairs.setdefault((card, grade, scope), []).append(pair)
    rows = [
        _comparison(cards[card], grade, scope, pairs[card, grade, scope])
        for card, grade, scope, *_ in groups
        if (card, grade, scope) in pairs
    ]
    return CardComparisons(rows=[row for row in rows if row is not None], is_cut=False)


def _pair(own: Sequence[Any], other: Sequence[Any]) -> tuple[CommonValue, NamedRatio]:
    model, model_title, dataset, dataset_title, other_j, other_low, other_high = other
    own_j, own_low, own_high = own
    value = CommonValue(
        model=model,
        own_j=own_j,
        other_j=other_j,
        own_ends=informative(own_j, own_low, own_high),
        other_ends=informative(other_j, other_low, other_high),
    )
    return value, NamedRatio(
        model=model,
        model_title=model_title,
        dataset=dataset,
        dataset_title=dataset_title,
        own_j=own_j,
        other_j=other_j,
    )


def _comparison(
    card: HardwareClass, grade: str, scope: str, pairs: list[tuple[CommonValue, NamedRatio]]
) -> CardComparison | None:
    ratio = hardware_ratio(value for value, _ in pairs)
    if ratio is None:
        return None
    named = sorted((pair for _, pair in pairs), key=lambda pair: (pair.model, pair.dataset))
    return CardComparison(hardware=card, grade=grade, scope=scope, ratio=ratio, named=named[:MAX_NAMED])
