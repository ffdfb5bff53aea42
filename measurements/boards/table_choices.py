"""What there is to choose from in a task's table: series, data sets, hardware, models' facts, scores."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, Min, OuterRef, TextField
from django.db.models.functions import Cast

from measurements.answer_cache.version_memo import while_unchanged
from measurements.boards.board_query import TIERS, BadValue, BoardQuery, unknown_value
from measurements.boards.series import PublisherSeries, SuiteSeries, cells_at, metered_series
from measurements.boards.sources import CELLS
from measurements.catalog.models import AiModel, HardwareClass, Task
from measurements.catalog.sources import CATALOG
from measurements.display.choices import Grade, Tier
from measurements.published.models import PublishedFigure
from measurements.published.sources import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from measurements.boards.series import Series

SUBJECT = (
    *("dataset__slug", "dataset__title"),
    *(f"hardware_class__{name}" for name in ("slug", "title", "code", "name_state")),
    "model__kind",
)
"""What is read of each combination, beside its series."""
EXAMPLE = Min(Cast("quality", TextField()))
"""One of the scores of a combination, as JSON."""
WORD_OF_TIER = {tier: word for word, tier in TIERS.items()}


@dataclass(frozen=True, kw_only=True)
class TableChoices:
    """The values that rows of a task's table have, by the words of an address, with their titles.

    `metrics` tells of each score whether a higher one is better.
    """

    series: dict[str, Series]
    dataset: dict[str, str]
    hardware: dict[str, str]
    kind: tuple[str, ...]
    owner: tuple[str, ...]
    family: tuple[str, ...]
    licence: tuple[str, ...]
    tier: tuple[str, ...]
    scope: tuple[str, ...]
    grade: tuple[str, ...]
    metrics: dict[str, bool] = field(default_factory=dict)

    def require(self, query: BoardQuery) -> None:
        """Raises BadValue where a query names what no row has."""
        for name in (
            "series",
            "dataset",
            "hardware",
            "kind",
            "owner",
            "family",
            "licence",
            "tier",
            "scope",
            "grade",
        ):
            value, there_are = getattr(query, name), getattr(self, name)
            if value and value not in there_are:
                raise BadValue(unknown_value(name, value, there_are))
        if query.metric and query.metric not in self.metrics:
            raise BadValue(unknown_value("metric", query.metric, self.metrics))


@dataclass
class _Collected:
    """Values as they are met, in the order of boards."""

    series: dict[str, Series] = field(default_factory=dict)
    dataset: dict[str, str] = field(default_factory=dict)
    hardware: dict[str, str] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    tiers: set[str] = field(default_factory=set)
    scopes: set[str] = field(default_factory=set)
    metrics: dict[str, bool] = field(default_factory=dict)

    def add(self, series: Series, tier: str, scope: str, *subject: Any) -> None:
        """One combination: `subject` are the values of `SUBJECT` and an example of its scores, as JSON."""
        dataset, dataset_title, slug, title, code, name_state, kind, quality = subject
        hardware = HardwareClass(slug=slug, title=title, code=code, name_state=name_state)
        self.series[series.slug] = series
        if dataset is not None:
            self.dataset[dataset] = dataset_title
        self.hardware[hardware.public_slug] = hardware.public_title
        self.kinds.add(kind)
        self.tiers.add(str(tier))
        self.scopes.add(scope)
        for score in json.loads(quality):
            self.metrics.setdefault(score["metric"], bool(score["higher_is_better"]))


def choices_of(task: Task, *, at: datetime | None = None) -> TableChoices:
    """What rows of a task have, now or at a time."""
    return _choices_now(task.pk) if at is None else _read_choices(task.pk, at)


@while_unchanged(CATALOG, CELLS, PUBLISHED)
def _choices_now(task: int) -> TableChoices:
    return _read_choices(task, None)


def _read_choices(task: int, at: datetime | None) -> TableChoices:
    """A row of the database for each combination: as many as a board has conditions, not as it has rows."""
    cells = cells_at(at).filter(dataset__task=task)
    collected = _Collected()
    for name, version, grade, tier, scope, *subject in (
        cells.order_by()
        .values_list("suite__name", "suite__version", "grade", "tier", "scope", *SUBJECT)
        .annotate(example=EXAMPLE)
    ):
        collected.add(SuiteSeries(suite=name, version=version, grade=grade), tier, scope, *subject)
    publishers = {series.slug: series for series in metered_series(at=at)}
    for slug, scope, *subject in _figure_subjects(task):
        if slug in publishers:
            collected.add(publishers[slug], Tier.PUBLISHED, scope, *subject)
    figures = PublishedFigure.objects.filter(task=task, series__slug__in=publishers)
    owned = AiModel.objects.filter(
        Exists(cells.filter(model=OuterRef("pk")).order_by())
        | Exists(figures.filter(model=OuterRef("pk")).order_by())
    )
    facts = list(owned.order_by().values_list("owner", "family", "licence").distinct())
    ordered = sorted(collected.series.values(), key=_series_order)
    return TableChoices(
        series={series.slug: series for series in ordered},
        dataset=dict(sorted(collected.dataset.items())),
        hardware=dict(sorted(collected.hardware.items())),
        kind=tuple(sorted(collected.kinds)),
        owner=_words(row[0] for row in facts),
        family=_words(row[1] for row in facts),
        licence=_words(row[2] for row in facts),
        tier=tuple(word for word, tier in TIERS.items() if tier in collected.tiers),
        scope=tuple(sorted(collected.scopes)),
        grade=tuple(grade.value for grade in Grade if grade in {series.grade for series in ordered}),
        metrics=dict(sorted(collected.metrics.items())),
    )


@while_unchanged(CATALOG, PUBLISHED)
def _figure_subjects(task: int) -> tuple[tuple[Any, ...], ...]:
    """Each combination of what a task's published figures are of."""
    rows = PublishedFigure.objects.filter(task=task).order_by()
    return tuple(rows.values_list("series__slug", "series__scope", *SUBJECT).annotate(example=EXAMPLE))


def _series_order(series: Series) -> tuple[Any, ...]:
    """Measured before estimated before published, as boards are listed; the study before other publishers."""
    grades = [grade.value for grade in Grade]
    return (
        grades.index(series.grade),
        isinstance(series, PublisherSeries) and not series.is_study,
        series.slug,
    )


def _words(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))
