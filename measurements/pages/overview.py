"""The front page's claim, computed from what is in the database: never typed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.boards.comparisons import ComparisonRow, read_comparisons
from measurements.catalog.cached_rows import tasks_by_slug
from measurements.published.models import STUDY

if TYPE_CHECKING:
    from measurements.catalog.models import Task


@dataclass(frozen=True, kw_only=True)
class TaskLine:
    """A task on which both kinds of model were run: the study's overall row, and the volunteers' rows."""

    task: Task
    published: ComparisonRow | None
    crowd: list[ComparisonRow]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The compared tasks, and the smallest and largest of the study's overall ratios.

    `n_missing` counts comparisons whose numbers cannot be combined.
    """

    lines: list[TaskLine]
    n_missing: int

    @property
    def published_rows(self) -> list[ComparisonRow]:
        """The study's ratio over all data sets of each compared task, smallest first."""
        rows = [line.published for line in self.lines if line.published]
        return sorted(rows, key=lambda row: row.paired.ratio)

    @property
    def low(self) -> ComparisonRow | None:
        """The smallest of them."""
        return self.published_rows[0] if self.published_rows else None

    @property
    def high(self) -> ComparisonRow | None:
        """The largest of them."""
        return self.published_rows[-1] if self.published_rows else None

    @property
    def crowd(self) -> list[tuple[Task, ComparisonRow]]:
        """Every ratio out of volunteers' results."""
        return [(line.task, row) for line in self.lines for row in line.crowd]


def read_overview() -> Overview:
    """Every task on which at least one series can divide both kinds of model."""
    tasks = list(tasks_by_slug().values())
    compared = read_comparisons(tasks)
    return Overview(
        lines=[_line(task, compared[task.slug].rows) for task in tasks if compared[task.slug].rows],
        n_missing=sum(comparison.n_missing for comparison in compared.values()),
    )


def _line(task: Task, rows: list[ComparisonRow]) -> TaskLine:
    overall = [row for row in rows if row.series.slug == STUDY and not row.dataset]
    return TaskLine(
        task=task,
        published=overall[0] if overall else None,
        crowd=[row for row in rows if not row.series.is_published],
    )
