"""One answer on one ladder: what each kind of answer takes within one series, on one hardware class, in one scope.

Rows that are stored are summed up by the database in two queries, whatever their number: nothing is computed from
results or from history.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Avg, BooleanField, Count, ExpressionWrapper, Max, Min, Q
from django.db.models.functions import Coalesce, Ln

from joulemark.published.boundary import MODELLED
from measurements.answer_cache.version_memo import while_unchanged
from measurements.boards.models import Cell
from measurements.boards.series import published_series, series_of_suite
from measurements.boards.sources import BOARDS
from measurements.catalog.cached_rows import hardware_by_key, suites_by_key, tasks_by_slug
from measurements.catalog.sources import CATALOG
from measurements.display.choices import Grade, ModelKind
from measurements.display.units import j_per_query
from measurements.published.models import PublishedFigure
from measurements.published.sources import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from measurements.boards.series import Series
    from measurements.catalog.models import Task

RUNG_TASKS = (
    "text_classification",
    "extractive_qa",
    "text_generation",
    "image_captioning",
    "image_generation",
)
"""The tasks of a ladder: classify, extract, write, describe, draw."""

PREFERRED_GRADES = (Grade.ESTIMATED, Grade.PUBLISHED, Grade.MEASURED)
"""Of series with as many rungs that of the last of these is taken."""
PREFERRED_KINDS = (ModelKind.UNKNOWN, ModelKind.GENERAL_PURPOSE, ModelKind.TASK_SPECIFIC)
"""The same of models: the ladder has the kind that was made for the task, where there is one."""

JOULES_PER_WH = 3600.0


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One answer of a task, in Wh: the geometric mean over models; `low` to `high` spans all of their intervals.

    A value without an interval counts with what its contributors (published: its runs) say least and most.
    """

    task: Task
    wh: float
    low: float | None
    high: float | None
    n_models: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The rungs of one series under equal conditions, least energy first."""

    series: Series
    hardware_title: str
    scope: str
    rungs: list[Rung]

    @property
    def grade(self) -> str:
        """That of every rung."""
        return self.series.grade

    def rung(self, task: str) -> Rung | None:
        """The rung of a task, by its slug."""
        return next((rung for rung in self.rungs if rung.task.slug == task), None)


class _Conditions(NamedTuple):
    """What is equal for all rungs of a ladder: `origin` is a suite's primary key, or a published series'."""

    grade: str
    origin: int
    hardware: int
    scope: str


class _Sum(NamedTuple):
    """The rows of one task and kind under equal conditions, in J per query. `is_whole`: over all data sets at once."""

    task: str
    kind: str
    is_whole: bool
    mean: float
    low: float
    high: float
    n_models: int
    n_rows: int


@while_unchanged(BOARDS, CATALOG, PUBLISHED)
def read_ladder() -> Ladder | None:
    """The ladder of most rungs; None where no board has any of its tasks."""
    sums: dict[_Conditions, list[_Sum]] = {}
    for conditions, of_task in (*_of_volunteers(), *_of_publishers()):
        sums.setdefault(conditions, []).append(of_task)
    if not sums:
        return None
    conditions = max(sums, key=lambda candidate: _preference(candidate, sums[candidate]))
    tasks, chosen = tasks_by_slug(), _chosen(sums[conditions])
    rungs = [_rung(tasks[name], of_task) for name, of_task in chosen.items()]
    return Ladder(
        series=_series(conditions),
        hardware_title=hardware_by_key()[conditions.hardware].public_title,
        scope=conditions.scope,
        rungs=sorted(rungs, key=lambda rung: rung.wh),
    )


def _preference(conditions: _Conditions, sums: list[_Sum]) -> tuple[int, int, int, tuple[int, int, str]]:
    """Most rungs, then the better grade, then most rows; the rest makes the choice the same every time."""
    grade = PREFERRED_GRADES.index(Grade(conditions.grade))
    tie = (-conditions.origin, -conditions.hardware, conditions.scope)
    return len({of_task.task for of_task in sums}), grade, sum(of_task.n_rows for of_task in sums), tie


def _chosen(sums: Iterable[_Sum]) -> dict[str, _Sum]:
    """Of each task the sum over models made for it where there are any, and over all data sets where that is stated."""
    order = sorted(
        sums, key=lambda of_task: (PREFERRED_KINDS.index(ModelKind(of_task.kind)), of_task.is_whole)
    )
    return {of_task.task: of_task for of_task in order}


def _rung(task: Task, of_task: _Sum) -> Rung:
    has_ends = of_task.low > 0 and isfinite(of_task.high)
    return Rung(
        task=task,
        wh=of_task.mean / JOULES_PER_WH,
        low=of_task.low / JOULES_PER_WH if has_ends else None,
        high=of_task.high / JOULES_PER_WH if has_ends else None,
        n_models=of_task.n_models,
        kind=of_task.kind,
    )


def _of_volunteers() -> list[tuple[_Conditions, _Sum]]:
    rows = (
        Cell.objects.filter(dataset__task__slug__in=RUNG_TASKS)
        .order_by()
        .values_list("grade", "suite", "hardware_class", "scope", "dataset__task__slug", "model__kind")
        .annotate(
            log_mean=Avg(Ln("energy_per_query_j")),
            low=Min(Coalesce("low_j", "least_j")),
            high=Max(Coalesce("high_j", "most_j")),
            n_models=Count("model", distinct=True),
            n_rows=Count("pk"),
        )
    )
    return [
        (_Conditions(*row[:4]), _Sum(row[4], row[5], False, exp(row[6]), *row[7:]))  # noqa: FBT003 - of one data set each
        for row in rows
    ]


@while_unchanged(CATALOG, PUBLISHED)
def _of_publishers() -> list[tuple[_Conditions, _Sum]]:
    energy = "energy_kwh_per_1000"
    is_whole = ExpressionWrapper(Q(dataset__isnull=True), output_field=BooleanField())
    rows = (
        PublishedFigure.objects.filter(task__slug__in=RUNG_TASKS)
        .exclude(series__scope=MODELLED)
        .annotate(is_whole=is_whole)
        .order_by()
        .values_list("series", "hardware_class", "series__scope", "task__slug", "model__kind", "is_whole")
        .annotate(
            log_mean=Avg(Ln(energy)),
            low=Min(Coalesce("low_kwh_per_1000", energy)),
            high=Max(Coalesce("high_kwh_per_1000", energy)),
            n_models=Count("model", distinct=True),
            n_rows=Count("pk"),
        )
    )
    sums = []
    for series, hardware, scope, task, kind, of_all, log_mean, low, high, n_models, n_rows in rows:
        mean, least, most = (j_per_query(kwh) for kwh in (exp(log_mean), low, high))
        conditions = _Conditions(Grade.PUBLISHED.value, series, hardware, scope)
        sums.append((conditions, _Sum(task, kind, of_all, mean, least, most, n_models, n_rows)))
    return sums


def _series(conditions: _Conditions) -> Series:
    if conditions.grade == Grade.PUBLISHED:
        return next(series for series in published_series() if series.facts.pk == conditions.origin)
    return series_of_suite(suites_by_key()[conditions.origin], conditions.grade)
