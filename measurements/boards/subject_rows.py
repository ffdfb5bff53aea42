"""All values of one model, one hardware class or one data set, as a list of which a page reads its own rows alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, overload

from joulemark.leaderboard.row_places import RowPlace
from measurements.boards.board_row import BoardRow, row_of_cell, row_of_figure
from measurements.boards.models import Cell
from measurements.boards.series import PublisherSeries, Series, series_of_suite
from measurements.published.models import PublishedFigure

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from measurements.boards.models import CellQuerySet

ROWS_PER_PAGE = 100
CELL_ORDER = (
    *("dataset__task__position", "dataset__task__slug", "dataset__slug", "hardware_class__slug"),
    *("scope", "stratum", "-suite", "grade", "energy_per_query_j", "pk"),
)
FIGURE_ORDER = (
    *("task__position", "task__slug", "dataset__slug", "hardware_class__slug"),
    *("series__slug", "stratum", "energy_kwh_per_1000", "pk"),
)


@dataclass(frozen=True, kw_only=True)
class SubjectRow:
    """A value with its series. `cell` is None for a published figure. The row has its place where it is stored."""

    row: BoardRow
    series: Series
    task_title: str
    cell: Cell | None


class SubjectRows(Sequence[SubjectRow]):
    """Volunteers' values first, published figures behind them; a slice reads its own rows and no others.

    `key` are conditions on fields that both tables have, such as `{"model": model}`.
    """

    def __init__(self, **key: object) -> None:
        self.cells: CellQuerySet = Cell.objects.filter(**key)
        self.figures: QuerySet[PublishedFigure] = PublishedFigure.objects.filter(**key)

    @cached_property
    def n_cells(self) -> int:
        """How many values are volunteers'."""
        return self.cells.order_by().count()

    @cached_property
    def n_figures(self) -> int:
        """How many are published figures."""
        return self.figures.order_by().count()

    def __len__(self) -> int:
        return self.n_cells + self.n_figures

    @overload
    def __getitem__(self, index: int) -> SubjectRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[SubjectRow]: ...
    def __getitem__(self, index: int | slice) -> SubjectRow | list[SubjectRow]:
        if isinstance(index, int):
            return self[index : index + 1][0]
        first, last, _ = index.indices(len(self))
        rows = [_of_cell(cell) for cell in self._cells(first, min(last, self.n_cells))]
        rows += [
            _of_figure(figure) for figure in self._figures(max(first - self.n_cells, 0), last - self.n_cells)
        ]
        return rows

    def __iter__(self) -> Iterator[SubjectRow]:
        return iter(self[:])

    def _cells(self, first: int, last: int) -> Sequence[Cell]:
        if first >= last:
            return []
        named = self.cells.with_names().select_related("standing")
        return list(named.order_by(*CELL_ORDER)[first:last])

    def _figures(self, first: int, last: int) -> Sequence[PublishedFigure]:
        if first >= last:
            return []
        named = self.figures.select_related("series", "task", "dataset", "model", "hardware_class")
        return list(named.order_by(*FIGURE_ORDER)[first:last])


def _of_cell(cell: Cell) -> SubjectRow:
    series = series_of_suite(cell.suite, cell.grade)
    return SubjectRow(
        row=row_of_cell(cell, series, _stored_place(cell)),
        series=series,
        task_title=cell.dataset.task.title,
        cell=cell,
    )


def _stored_place(cell: Cell) -> RowPlace | None:
    """Its place among those under its conditions; None where that is behind the value and is being derived."""
    standing = getattr(cell, "standing", None)
    if standing is None or standing.version != cell.version or standing.kind != cell.model.kind:
        return None
    return RowPlace(
        rank=standing.rank, rank_worst=standing.rank_worst, front=standing.front, beaten=standing.beaten
    )


def _of_figure(figure: PublishedFigure) -> SubjectRow:
    series = PublisherSeries(slug=figure.series.slug, facts=figure.series)
    return SubjectRow(
        row=row_of_figure(figure, series), series=series, task_title=figure.task.title, cell=None
    )
