"""General-purpose against task-specific: for one task, what each series says on each data set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from math import log
from statistics import median
from typing import TYPE_CHECKING, Any

from joulemark.consensus.cell import log_median
from joulemark.consensus.quality_difference import ModelScore, QualityDifference, quality_differences
from joulemark.consensus.ratio import Formed, ModelValue, PairedRatio, paired_ratio
from measurements.boards.fault_isolation import NotComputable, computed
from measurements.boards.fronts import interval_of_score
from measurements.boards.queries import read_rows
from measurements.boards.series import Series, SuiteSeries, all_series
from measurements.boards.unlike_jobs import answers_of, forms_of
from measurements.catalog.models import Task
from measurements.display.choices import ModelKind, NoScoreInterval
from measurements.display.units import wh_per_1000

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from joulemark.suite.answer_forms import AnswerForm
    from measurements.boards.board_row import BoardRow, Quality
    from measurements.published.answer_forms import Forms

Scope = tuple[str, str, str, str]


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
class ComparisonRow:
    """A ratio on one data set, hardware class and scope. It counts pairs of models, and sources: devices.

    `quality` is what stands beside it: how much better general-purpose models answer.
    """

    series: Series
    task: str
    dataset: str
    dataset_title: str
    hardware: str
    hardware_title: str
    hardware_words: str
    hardware_words_of: str
    scope: str
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
    no rows, and a model of which nobody says whether it was made for one task takes no part.
    """
    rows: dict[str, list[ComparisonRow]] = {task.slug: [] for task in tasks}
    missing = dict.fromkeys(rows, 0)
    for series in all_series():
        for scope, row in _series_rows(series, tasks):
            if row is None:
                missing[scope[0]] += 1
            else:
                rows[row.task].append(row)
    return {task: TaskComparison(rows=of_task, n_missing=missing[task]) for task, of_task in rows.items()}


def read_comparison(task: Task) -> TaskComparison:
    """The comparisons of one task."""
    return read_comparisons([task])[task.slug]


def _series_rows(series: Series, tasks: Sequence[Task]) -> list[tuple[Scope, ComparisonRow | None]]:
    """Each scope in which both kinds meet, with its row; None where it cannot be computed."""
    rows = sorted((row for row in read_rows(series, tasks) if row.kind != ModelKind.UNKNOWN), key=_scope)
    devices = _device_values(series, tasks) if isinstance(series, SuiteSeries) else {}
    forms = forms_of(series)
    scoped_rows: list[tuple[Scope, ComparisonRow | None]] = []
    for scope, of_scope in groupby(rows, key=_scope):
        compare = partial(_compare, series, list(of_scope), devices.get(scope, []), forms)
        try:
            row = computed(f"the comparison {series.slug}, {', '.join(scope)}", compare)
        except NotComputable:
            scoped_rows.append((scope, None))
            continue
        if row is not None:
            scoped_rows.append((scope, row))
    return scoped_rows


def _scope(row: BoardRow) -> Scope:
    return (row.task, row.dataset, row.hardware, row.scope)


def _compare(
    series: Series, rows: list[BoardRow], device_values: list[ModelValue], forms: Forms
) -> ComparisonRow | None:
    cell_values = [_cell_value(row) for row in rows]
    paired = paired_ratio(device_values=device_values, cell_values=cell_values)
    if paired is None:
        return None
    head = rows[0]
    return ComparisonRow(
        series=series,
        task=head.task,
        dataset=head.dataset,
        dataset_title=head.dataset_title,
        hardware=head.hardware,
        hardware_title=head.hardware_title,
        hardware_words=head.hardware_words,
        hardware_words_of=head.hardware_words_of,
        scope=head.scope,
        paired=paired,
        quality=quality_differences(score for row in rows for score in _model_scores(row)),
        general_purpose=_side([row for row in rows if row.model in paired.general_purpose_models], forms),
        task_specific=_side([row for row in rows if row.model in paired.task_specific_models], forms),
        version=max(row.version for row in rows),
        updated_at=max(row.updated_at for row in rows),
    )


def _cell_value(row: BoardRow) -> ModelValue:
    interval = row.comparable_j
    return ModelValue(
        model=row.model,
        general_purpose=row.general_purpose,
        source=row.conditions,
        energy_per_query_j=row.energy_per_query_j,
        half_width=None if interval is None else log(interval[1] / interval[0]) / 2,
    )


def _model_scores(row: BoardRow) -> list[ModelScore]:
    return [
        ModelScore(
            model=row.model,
            general_purpose=row.general_purpose,
            source=row.conditions,
            metric=score["metric"],
            higher_is_better=score["higher_is_better"],
            value=score["value"],
            interval=interval_of_score(score),
        )
        for score in row.quality
    ]


def _side(rows: list[BoardRow], forms: Forms) -> Side:
    by_metric: dict[str, Quality] = {}
    for row in rows:
        for score in row.quality:
            by_metric.setdefault(score["metric"], []).append(score)
    return Side(
        n_models=len({row.model for row in rows}),
        models=tuple(sorted({(row.model, row.model_title) for row in rows})),
        answers=answers_of(forms, rows),
        energy_per_query_j=log_median([row.energy_per_query_j for row in rows]),
        quality=[_typical(scores) for _, scores in sorted(by_metric.items())],
    )


def _typical(scores: Quality) -> dict[str, Any]:
    """The middle of several models' scores, over the fewest questions of one of them; a single model's as it is."""
    if len(scores) == 1:
        return scores[0]
    counts = [score["n"] for score in scores]
    questions = [score["n_questions"] for score in scores]
    return scores[0] | {
        "value": median(score["value"] for score in scores),
        "n": None if None in counts else sum(counts),
        "n_questions": None if None in questions else min(questions),
        "low": None,
        "high": None,
        "interval": None,
        "no_interval": NoScoreInterval.SEVERAL_MODELS.value,
    }


def _device_values(series: SuiteSeries, tasks: Sequence[Task]) -> dict[Scope, list[ModelValue]]:
    """What each device of each contributor says, by the scope in which it may be compared."""
    by_scope: dict[Scope, list[ModelValue]] = {}
    of_a_kind = series.device_values().of_tasks(tasks).exclude(cell__model__kind=ModelKind.UNKNOWN)
    for value in of_a_kind.select_related(
        "cell__dataset__task", "cell__model", "cell__hardware_class", "device"
    ):
        cell = value.cell
        scope = (cell.dataset.task.slug, cell.dataset.slug, cell.hardware_class.public_slug, cell.scope)
        by_scope.setdefault(scope, []).append(
            ModelValue(
                model=cell.model.slug,
                general_purpose=cell.model.kind == ModelKind.GENERAL_PURPOSE,
                source=cell.stratum,
                energy_per_query_j=value.energy_per_query_j,
                contributor=value.device.contributor_id,
                device=value.device.tag,
            )
        )
    return by_scope
