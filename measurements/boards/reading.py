"""What the pages and the API show of boards, read in a number of queries that does not grow with the data."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.db.models import Count, Max

from measurements.boards.models import BoardVersion, Cell, CellRevision, PublishedFigure
from measurements.boards.rows import BoardRow, ranked, row_of_cell, row_of_figure
from measurements.boards.series import Series, all_series, series_by_slug
from measurements.catalog.models import Task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows that were had under the same conditions: one data set, hardware class, scope and stratum.

    `told_apart_by` is what a link needs beside the data set's title where another group has the same.
    """

    anchor: str
    rows: list[BoardRow]
    told_apart_by: list[str]

    @property
    def head(self) -> BoardRow:
        """A row that speaks for the conditions of all."""
        return self.rows[0]

    @property
    def has_ranks(self) -> bool:
        """Whether any row was repeated by independent contributors."""
        return any(row.rank is not None for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class Board:
    """A series on one task, now or `as_of` a moment. `version` rises with every change; None for a published series."""

    series: Series
    task: Task
    groups: list[Group]
    version: int | None
    as_of: datetime | None

    @property
    def rows(self) -> list[BoardRow]:
        """Every row, group by group."""
        return [row for group in self.groups for row in group.rows]

    @property
    def updated_at(self) -> datetime:
        """When a row last changed."""
        return max(row.updated_at for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class BoardEntry:
    """A line of the list of boards."""

    series: Series
    task: Task
    n_rows: int
    n_models: int


def read_board(*, series_slug: str, task_slug: str, at: datetime | None = None) -> Board | None:
    """The board at this address, or None when there is no such series or task, or no row on it.

    `at`: as the platform would have shown it at that time. Published series were always as they are.
    """
    series = series_by_slug(series_slug, at=at)
    task = Task.objects.filter(slug=task_slug).first()
    if series is None or task is None:
        return None
    rows = read_rows(series, [task], at=at)
    if not rows:
        return None
    return Board(series=series, task=task, groups=_groups(rows), version=_version(series, at), as_of=at)


def _version(series: Series, at: datetime | None) -> int | None:
    if series.grade == "published":
        return None
    if at is None:
        versions = BoardVersion.objects.filter(
            suite__name=series.suite, suite__version=series.version, grade=series.grade
        )
        return versions.values_list("version", flat=True).first()
    revisions = CellRevision.objects.of_series(suite=series.suite, version=series.version, grade=series.grade)
    found: int | None = revisions.filter(updated_at__lte=at).aggregate(Max("version"))["version__max"]
    return found


def read_rows(series: Series, tasks: Sequence[Task], *, at: datetime | None = None) -> list[BoardRow]:
    """The unranked rows of one series on some tasks, now or at a time."""
    if series.grade == "published":
        figures = PublishedFigure.objects.of_series(series.slug).of_tasks(tasks).with_names()
        return [row_of_figure(figure, series) for figure in figures]
    known = Cell.objects.all() if at is None else CellRevision.objects.as_of(at)
    cells = known.of_series(suite=series.suite, version=series.version, grade=series.grade)
    return [row_of_cell(cell, series) for cell in cells.of_tasks(tasks).with_names()]


def _groups(rows: list[BoardRow]) -> list[Group]:
    ordered = sorted(rows, key=lambda row: row.conditions)
    every = [list(of_group) for _, of_group in groupby(ordered, key=lambda row: row.conditions)]
    heads = [of_group[0] for of_group in every]
    return [
        Group(
            anchor=f"group-{number}", rows=ranked(of_group), told_apart_by=_told_apart_by(of_group[0], heads)
        )
        for number, of_group in enumerate(every, start=1)
    ]


def _told_apart_by(head: BoardRow, heads: list[BoardRow]) -> list[str]:
    """Hardware where a data set comes twice; scope and stratum too where it comes twice on that hardware."""
    of_dataset = [other for other in heads if other.dataset == head.dataset]
    if len(of_dataset) == 1:
        return []
    if len([other for other in of_dataset if other.hardware == head.hardware]) == 1:
        return [head.hardware_title]
    return [word for word in (head.hardware_title, head.scope, head.stratum) if word]


def list_boards() -> list[BoardEntry]:
    """Every board that has a row, series by series, tasks in their order."""
    tasks = {task.pk: task for task in Task.objects.all()}
    every = all_series()
    counted = {series.slug: _counts(series) for series in every}
    return [
        BoardEntry(
            series=series, task=task, n_rows=counted[series.slug][pk][0], n_models=counted[series.slug][pk][1]
        )
        for series in every
        for pk, task in tasks.items()
        if pk in counted[series.slug]
    ]


def _counts(series: Series) -> dict[int, tuple[int, int]]:
    """(rows, models) of each task that has any, by the task's primary key."""
    if series.grade == "published":
        published = PublishedFigure.objects.of_series(series.slug).order_by().values_list("task")
        return {
            pk: (rows, models)
            for pk, rows, models in published.annotate(Count("pk"), Count("model", distinct=True))
        }
    cells = Cell.objects.of_series(suite=series.suite, version=series.version, grade=series.grade)
    by_task = cells.order_by().values_list("dataset__task")
    return {
        pk: (rows, models)
        for pk, rows, models in by_task.annotate(Count("pk"), Count("model", distinct=True))
    }
