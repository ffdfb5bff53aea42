"""What the pages and the API show of boards, read in a number of queries that does not grow with the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from django.utils.translation import gettext

from joulemark.leaderboard.row_places import board_order
from measurements.boards.board_pages import (
    GroupHead,
    group_heads,
    group_heads_of_revisions,
    page_number,
    page_of_groups,
    revision_rows_of_page,
    rows_of_page,
)
from measurements.boards.board_row import BoardRow, ranked, row_of_cell, row_of_figure
from measurements.boards.models import NAMED_BY, CellRevision
from measurements.boards.part_storage import places_of_cells
from measurements.boards.series import (
    PublisherSeries,
    Series,
    SuiteSeries,
    counts_by_series,
    published_series,
    series_by_slug,
)
from measurements.boards.unit_columns import UnitColumn, unit_columns
from measurements.catalog.cached_rows import tasks_by_slug, with_cached_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from measurements.catalog.models import Task


Head = TypeVar("Head", BoardRow, GroupHead)


class NotKept(LookupError):
    """The figures of a published series at a moment are not stored; the message says from when on they are."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows measured under the same conditions: one data set, hardware class, scope and stratum.

    `told_apart_by` is what a link needs beside the data set's title where another group has the same. Of a group that
    goes on over pages `rows` are those of one, `n_before` how many come before them, `n_rows` how many there are.
    """

    anchor: str
    rows: list[BoardRow]
    told_apart_by: list[str]
    n_rows: int
    n_before: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether all of its rows are here."""
        return len(self.rows) == self.n_rows

    @property
    def n_first(self) -> int:
        """The number of its first row here, counted from 1."""
        return self.n_before + 1

    @property
    def n_last(self) -> int:
        """The number of its last row here, counted from 1."""
        return self.n_before + len(self.rows)

    @property
    def head(self) -> BoardRow:
        """A row that speaks for the conditions of all."""
        return self.rows[0]

    @property
    def has_ranks(self) -> bool:
        """Whether any row was repeated by independent contributors."""
        return any(row.rank is not None for row in self.rows)

    @property
    def unit_columns(self) -> list[UnitColumn]:
        """Columns of joules per token or right answer that every row has, each of one denominator."""
        return unit_columns(self.rows)


@dataclass(frozen=True, kw_only=True)
class Board:
    """A series on one task, now or `as_of` a moment.

    `version` rises with every change of the series (published: it is its revision), the last of them at `version_at`.
    `n_rows` counts those of all pages, `page` is the number of the one that `groups` are of; None: of all.
    """

    series: Series
    task: Task
    groups: list[Group]
    n_rows: int
    page: int | None
    version: int
    version_at: datetime
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


def read_board(
    *, series_slug: str, task_slug: str, at: datetime | None = None, page: str | int | None = None
) -> Board | None:
    """The board at this address, or None when there is no such series or task, or no row on it.

    `at`: as the platform would have shown it at that time. `page`: `ROWS_PER_PAGE` rows of it, by the number in an
    address; None: all. Raises NotKept for a published series whose figures of that time were replaced or were not here.
    """
    series = series_by_slug(series_slug, at=at)
    if series is None and at is not None:
        require_kept(series_slug, at)
    task = tasks_by_slug().get(task_slug)
    if series is None or task is None:
        return None
    groups: list[Group]
    number: int | None
    if isinstance(series, SuiteSeries) and page is not None:
        groups, n_rows, number = _suite_page(series, task, at, page)
    else:
        groups, n_rows, number = _page_of(_whole_groups(series, task, at), page)
    if not groups:
        return None
    version, version_at = series.revision(at=at)
    return Board(
        series=series,
        task=task,
        groups=groups,
        n_rows=n_rows,
        page=number,
        version=version,
        version_at=version_at,
        as_of=at,
    )


def _suite_page(
    series: SuiteSeries, task: Task, at: datetime | None, page: str | int
) -> tuple[list[Group], int, int]:
    """The groups of one page, of whose cells alone are read; how many rows there are; the page's number."""
    cells = series.cells(at=at, tasks=[task])
    heads = group_heads(cells) if at is None else group_heads_of_revisions(cells)
    n_rows = sum(head.n_rows for head in heads)
    number = page_number(n_rows, page)
    pieces = page_of_groups([head.n_rows for head in heads], number)
    if not pieces:
        return [], 0, number
    if at is None:
        rows_of_groups = rows_of_page(series, cells, heads, pieces)
    else:
        rows_of_groups = revision_rows_of_page(series, heads, pieces)
    groups = [
        Group(
            anchor=f"group-{piece.place + 1}",
            rows=rows,
            told_apart_by=_told_apart_by(heads[piece.place], heads),
            n_rows=heads[piece.place].n_rows,
            n_before=piece.n_before,
        )
        for piece, rows in zip(pieces, rows_of_groups, strict=True)
        if rows
    ]
    return groups, n_rows, number


def _page_of(groups: list[Group], page: str | int | None) -> tuple[list[Group], int, int | None]:
    """The same of groups that have been read as a whole."""
    n_rows = sum(group.n_rows for group in groups)
    if page is None:
        return groups, n_rows, None
    number = page_number(n_rows, page)
    pieces = [
        replace(
            groups[piece.place],
            rows=groups[piece.place].rows[piece.n_before : piece.n_before + piece.n_shown],
            n_before=piece.n_before,
        )
        for piece in page_of_groups([group.n_rows for group in groups], number)
    ]
    return pieces, n_rows, number


def find_row(
    *, series_slug: str, task_slug: str, named: Mapping[str, str], at: datetime | None = None
) -> tuple[Series, BoardRow] | None:
    """The row of a board that `named` (fields of `NAMED_BY`) means, with its series.

    Of volunteers' cells as they are now no other is read. Raises NotKept as `read_board` does.
    """
    series = series_by_slug(series_slug, at=at)
    if series is None and at is not None:
        require_kept(series_slug, at)
    task = tasks_by_slug().get(task_slug)
    if series is None or task is None:
        return None
    if at is None and isinstance(series, SuiteSeries):
        of_name = series.cells().of_tasks([task]).named(named)
        cells = with_cached_names(of_name.select_related("standing"))
        places = places_of_cells(cells)
        rows = [row_of_cell(cell, series, places.get(cell.pk)) for cell in cells]
    else:
        rows = read_ranked_rows(series, task, at=at)
    meant = (row for row in rows if all(getattr(row, name) == named[name] for name in NAMED_BY))
    row = next(meant, None)
    return None if row is None else (series, row)


def require_kept(series_slug: str, at: datetime) -> None:
    """Raises NotKept where a published series of this name has other figures now than it had, if any, at a time."""
    facts = next((series.facts for series in published_series() if series.slug == series_slug), None)
    if facts is not None and facts.imported_at > at:
        raise NotKept(
            gettext(
                "The figures of this series (revision %(revision)d) stand here since %(since)s UTC; what stood here "
                "before, if anything, is not kept. Ask for a later time than as_of or checkpoint name."
            )
            % {"revision": facts.revision, "since": f"{facts.imported_at:%Y-%m-%d %H:%M:%S}"}
        )


def read_rows(series: Series, tasks: Sequence[Task], *, at: datetime | None = None) -> list[BoardRow]:
    """The unranked rows of one series on some tasks, now or at a time."""
    if isinstance(series, PublisherSeries):
        return [row_of_figure(figure, series) for figure in series.figures().of_tasks(tasks).with_names()]
    return [row_of_cell(cell, series) for cell in with_cached_names(series.cells(at=at, tasks=tasks))]


def read_ranked_rows(series: Series, task: Task, *, at: datetime | None = None) -> list[BoardRow]:
    """The rows of one board in its order, each with its place among those under its conditions."""
    return [row for group in _whole_groups(series, task, at) for row in group.rows]


def ranked_revisions(series: SuiteSeries, revisions: Sequence[int]) -> list[BoardRow]:
    """Revisions of cells by their primary keys as rows, in a board's order, each with its place among those given."""
    if not revisions:
        return []
    cells = with_cached_names(CellRevision.objects.filter(pk__in=revisions))
    rows = [row_of_cell(cell, series) for cell in cells]
    return [row for group in _groups(rows, ranked) for row in group.rows]


def _whole_groups(series: Series, task: Task, at: datetime | None) -> list[Group]:
    if at is None and isinstance(series, SuiteSeries):
        of_board = series.cells().of_tasks([task])
        cells = with_cached_names(of_board.select_related("standing"))
        places = places_of_cells(cells, among=of_board)
        rows = [row_of_cell(cell, series, places.get(cell.pk)) for cell in cells]
        return _groups(rows, partial(sorted, key=board_order))
    return _groups(read_rows(series, [task], at=at), ranked)


def _groups(rows: list[BoardRow], arrange: Callable[[list[BoardRow]], list[BoardRow]]) -> list[Group]:
    """The rows by their conditions; `arrange` orders those under the same ones, and ranks them where need be."""
    ordered = sorted(rows, key=lambda row: row.conditions)
    every = [list(of_group) for _, of_group in groupby(ordered, key=lambda row: row.conditions)]
    heads = [of_group[0] for of_group in every]
    return [
        Group(
            anchor=f"group-{number}",
            rows=arrange(of_group),
            told_apart_by=_told_apart_by(of_group[0], heads),
            n_rows=len(of_group),
        )
        for number, of_group in enumerate(every, start=1)
    ]


def _told_apart_by(head: Head, heads: Sequence[Head]) -> list[str]:
    """Hardware where a data set comes twice; scope and stratum too where it comes twice on that hardware."""
    of_dataset = [other for other in heads if other.dataset == head.dataset]
    if len(of_dataset) == 1:
        return []
    if len([other for other in of_dataset if other.hardware == head.hardware]) == 1:
        return [head.hardware_title]
    return [word for word in (head.hardware_title, head.scope, head.stratum) if word]


def list_boards(*, at: datetime | None = None) -> list[BoardEntry]:
    """Every board that has a row, now or at a time, series by series, tasks in their order."""
    return [
        BoardEntry(series=series, task=task, n_rows=counts[task.pk][0], n_models=counts[task.pk][1])
        for series, counts in counts_by_series(at=at).items()
        for task in tasks_by_slug().values()
        if task.pk in counts
    ]
