"""General-purpose against task-specific: for one task, what each series says on each data set."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from joulemark.leaderboard.comparison_numbers import ComparisonNumbers, SideNumbers, compare_rows
from measurements.answer_cache.version_memo import while_unchanged
from measurements.boards.fault_isolation import NotComputable, computed
from measurements.boards.models import Cell, ComparedPart
from measurements.boards.part_derivation import PartComparison, derive_comparison, read_part_rows
from measurements.boards.part_key import PartKey
from measurements.boards.part_storage import part_states
from measurements.boards.queries import read_rows
from measurements.boards.series import (
    PublisherSeries,
    Series,
    SuiteSeries,
    metered_series,
    series_of_suite,
    volunteer_order,
)
from measurements.boards.unlike_jobs import answers_of, forms_of
from measurements.catalog.cached_rows import models_by_slug
from measurements.catalog.sources import CATALOG
from measurements.display.choices import ModelKind
from measurements.display.units import wh_per_1000
from measurements.published.sources import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from joulemark.consensus.quality_difference import QualityDifference
    from joulemark.consensus.ratio import Formed, PairedRatio
    from joulemark.suite.answer_forms import AnswerForm
    from measurements.boards.board_row import BoardRow, Quality
    from measurements.catalog.models import Task
    from measurements.published.answer_forms import Forms


MAX_NAMED_PAIRS = 60
"""Pairs of models that a page names; of more it names the models of both sides."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One kind of model in a comparison: medians over its models, of joules per query and of each score.

    `models` are those that are in a pair, by name and title; `answers` the forms in which they answer, where the task
    leaves a choice and somebody says.
    """

    n_models: int
    models: tuple[tuple[str, str], ...]
    answers: tuple[AnswerForm, ...]
    energy_per_query_j: float
    quality: Quality

    @property
    def energy_wh_per_1000(self) -> float:
        """Watt-hours per 1,000 queries."""
        return wh_per_1000(self.energy_per_query_j)


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What is equal for all models of a comparison; the fields are those of a `BoardRow`."""

    task: str
    dataset: str
    dataset_title: str
    hardware: str
    hardware_title: str
    hardware_words: str
    hardware_words_of: str
    scope: str

    @property
    def scope_key(self) -> tuple[str, str, str, str]:
        """Names them, and sorts them as they are listed."""
        return self.task, self.dataset, self.hardware, self.scope


@dataclass(frozen=True, kw_only=True)
class ComparisonRow(Conditions):
    """A ratio on one data set, hardware class and scope. It counts pairs of models, and sources: devices.

    `quality` is what stands beside it: how much better general-purpose models answer.
    """

    series: Series
    paired: PairedRatio
    quality: list[QualityDifference]
    general_purpose: Side
    task_specific: Side
    version: int
    updated_at: datetime

    @property
    def grade(self) -> str:
        """Published, measured or estimated."""
        return self.series.grade

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both sides, general-purpose models first."""
        return (self.general_purpose, self.task_specific)

    @property
    def are_all_pairs(self) -> bool:
        """Whether every model of one kind was divided by every one of the other, and few enough to be named."""
        general, specific = self.sides
        return self.paired.n_pairs == len(general.models) * len(specific.models) <= MAX_NAMED_PAIRS

    @property
    def named_pairs(self) -> list[tuple[tuple[str, str], tuple[str, str]]]:
        """The models of each pair by name and title, general-purpose first, where `are_all_pairs`."""
        general, specific = self.sides
        return [(above, below) for above in general.models for below in specific.models]

    @property
    def formed(self) -> Formed:
        """Whether models were divided within a device or from cells."""
        return self.paired.formed

    @property
    def unlike_jobs(self) -> bool:
        """Whether the two kinds answer in unlike forms: what is picked out of a text was not written."""
        forms = self.general_purpose.answers, self.task_specific.answers
        return all(forms) and forms[0] != forms[1]


@dataclass(frozen=True, kw_only=True)
class TaskComparison:
    """The rows of a task; `n_missing` counts comparisons whose numbers cannot be combined (the log says why)."""

    rows: list[ComparisonRow]
    n_missing: int


def read_comparisons(tasks: Sequence[Task]) -> dict[str, TaskComparison]:
    """The rows of each task, by its slug: volunteers' series first, published ones last.

    Within a series the row over all data sets comes before those of each. A task that nobody can compare has
    no rows, and a model of which nobody says whether it was made for one task takes no part. Of volunteers' series the
    stored numbers are read; those of a part that is behind its cells are computed.
    """
    rows: dict[str, list[ComparisonRow]] = {task.slug: [] for task in tasks}
    missing = dict.fromkeys(rows, 0)
    of_volunteers = _of_volunteers(tasks)
    compared: dict[Series, list[_Compared]] = {
        series: of_volunteers[series] for series in sorted(of_volunteers, key=volunteer_order)
    }
    compared |= {series: _of_publisher(series, tuple(tasks)) for series in metered_series()}
    for series, of_series in compared.items():
        forms = forms_of(series)
        for comparison in sorted(of_series, key=lambda entry: entry.conditions.scope_key):
            task = comparison.conditions.task
            if comparison.numbers is None:
                missing[task] += 1
            else:
                rows[task].append(_row(series, comparison, comparison.numbers, forms))
    return {task: TaskComparison(rows=of_task, n_missing=missing[task]) for task, of_task in rows.items()}


def read_comparison(task: Task) -> TaskComparison:
    """The comparisons of one task."""
    return read_comparisons([task])[task.slug]


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """The numbers of a comparison with its names; None where they cannot be combined. `titles` are of models."""

    conditions: Conditions
    numbers: ComparisonNumbers | None
    titles: Mapping[str, str]


def _row(series: Series, compared: _Compared, numbers: ComparisonNumbers, forms: Forms) -> ComparisonRow:
    def side(of_kind: SideNumbers) -> Side:
        return Side(
            n_models=len(of_kind.models),
            models=tuple((model, compared.titles[model]) for model in of_kind.models),
            answers=answers_of(forms, compared.conditions.task, of_kind.models),
            energy_per_query_j=of_kind.energy_per_query_j,
            quality=of_kind.quality,
        )

    return ComparisonRow(
        **vars(compared.conditions),
        series=series,
        paired=numbers.paired,
        quality=numbers.quality,
        general_purpose=side(numbers.general_purpose),
        task_specific=side(numbers.task_specific),
        version=numbers.version,
        updated_at=numbers.updated_at,
    )


def _of_volunteers(tasks: Sequence[Task]) -> dict[SuiteSeries, list[_Compared]]:
    """The comparisons within each part of volunteers' cells, in a number of queries that does not grow."""
    compared: dict[SuiteSeries, list[_Compared]] = {}
    for named, comparison in _part_comparisons(tasks):
        if comparison.numbers is None and not comparison.is_missing:
            continue
        compared.setdefault(series_of_suite(named.suite, named.grade), []).append(
            _Compared(
                conditions=_conditions_of(named),
                numbers=comparison.numbers,
                titles=_titles_of(comparison.numbers),
            )
        )
    return compared


def _titles_of(numbers: ComparisonNumbers | None) -> dict[str, str]:
    """The titles of the models of both sides, by their slugs."""
    models = models_by_slug()
    sides = () if numbers is None else (numbers.general_purpose, numbers.task_specific)
    return {model: models[model].title for side in sides for model in side.models}


def _part_comparisons(tasks: Sequence[Task]) -> Iterator[tuple[ComparedPart | Cell, PartComparison]]:
    """What is compared within each part, with a row that names the part: stored, or derived where that is behind."""
    states = part_states(Cell.objects.of_tasks(tasks))
    for row in ComparedPart.objects.of_tasks(tasks).with_a_comparison().with_names():
        part = PartKey.of(row)
        if part in states and states[part].is_shown:
            numbers = None if row.comparison is None else ComparisonNumbers.of_json(row.comparison)
            yield row, PartComparison(numbers=numbers, is_missing=row.is_missing)
    behind = [part for part, state in states.items() if not state.is_shown]
    for rows in read_part_rows(behind).values():
        yield rows.cells[0], derive_comparison(rows)


def _conditions_of(named: ComparedPart | Cell) -> Conditions:
    hardware = named.hardware_class
    return Conditions(
        task=named.dataset.task.slug,
        dataset=named.dataset.slug,
        dataset_title=named.dataset.title,
        hardware=hardware.public_slug,
        hardware_title=hardware.public_title,
        hardware_words=hardware.reported_name,
        hardware_words_of=hardware.reported_by if hardware.reported_name else "",
        scope=named.scope,
    )


@while_unchanged(CATALOG, PUBLISHED)
def _of_publisher(series: PublisherSeries, tasks: tuple[Task, ...]) -> list[_Compared]:
    """The comparisons within each scope of a publisher's few figures."""
    rows = sorted((row for row in read_rows(series, tasks) if row.kind != ModelKind.UNKNOWN), key=_scope_of)
    compared = []
    for scope, of_scope in groupby(rows, key=_scope_of):
        comparable = list(of_scope)
        try:
            named = f"the comparison {series.slug}, {', '.join(scope)}"
            numbers = computed(named, partial(compare_rows, comparable, device_values=[]))
        except NotComputable:
            numbers, is_missing = None, True
        else:
            is_missing = False
        if numbers is not None or is_missing:
            head = comparable[0]
            conditions = Conditions(**{name.name: getattr(head, name.name) for name in fields(Conditions)})
            titles = {row.model: row.model_title for row in comparable}
            compared.append(_Compared(conditions=conditions, numbers=numbers, titles=titles))
    return compared


def _scope_of(row: BoardRow) -> tuple[str, str, str, str]:
    return row.task, row.dataset, row.hardware, row.scope
