"""Pages of a board: which rows of which groups one shows, and the cells of these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.core.paginator import Paginator
from django.db.models import Case, Count, Q, Value, When

from measurements.boards.board_row import BoardRow, row_of_cell
from measurements.boards.part_storage import places_of_cells
from measurements.catalog.models import DataSet, HardwareClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measurements.boards.models import Cell, CellQuerySet
    from measurements.boards.series import SuiteSeries

ROWS_PER_PAGE = 100


class GroupHead(NamedTuple):
    """The conditions of a group, which sort as its rows' conditions do, and how many rows it has."""

    dataset: str
    hardware: str
    scope: str
    stratum: str
    hardware_title: str
    n_rows: int
    where: Q
    """Its cells among those of a board."""


class PageOfGroup(NamedTuple):
    """Rows of one group that a page shows: `n_before` rows of the group come before them."""

    place: int
    n_before: int
    n_shown: int


def group_heads(cells: CellQuerySet) -> list[GroupHead]:
    """The groups of a board's cells, in the order of the board; in three queries."""
    rows = cells.order_by().values_list("dataset_id", "hardware_class_id", "scope", "stratum")
    counted = list(rows.annotate(Count("pk")))
    datasets = DataSet.objects.in_bulk({dataset for dataset, *_ in counted})
    classes = HardwareClass.objects.in_bulk({hardware for _, hardware, *_ in counted})
    heads = [
        GroupHead(
            dataset=datasets[dataset].slug,
            hardware=classes[hardware].public_slug,
            scope=scope,
            stratum=stratum,
            hardware_title=classes[hardware].public_title,
            n_rows=n_rows,
            where=Q(dataset=dataset, hardware_class=hardware, scope=scope, stratum=stratum),
        )
        for dataset, hardware, scope, stratum, n_rows in counted
    ]
    return sorted(heads, key=lambda head: head[:4])


def page_number(n_rows: int, page: str | int) -> int:
    """The page that is meant by a number in an address: the first where it is none, the last where it is too large."""
    return Paginator(range(n_rows), ROWS_PER_PAGE).get_page(page).number


def page_of_groups(sizes: Sequence[int], number: int) -> list[PageOfGroup]:
    """What a page shows of groups of these sizes, one after the other: of each group that has a row on it."""
    begin, end = (number - 1) * ROWS_PER_PAGE, number * ROWS_PER_PAGE
    pieces, before = [], 0
    for place, size in enumerate(sizes):
        first, last = max(begin - before, 0), min(end - before, size)
        if first < last:
            pieces.append(PageOfGroup(place=place, n_before=first, n_shown=last - first))
        before += size
    return pieces


def rows_of_page(
    series: SuiteSeries, cells: CellQuerySet, heads: Sequence[GroupHead], pieces: Sequence[PageOfGroup]
) -> list[list[BoardRow]]:
    """The rows of each group that a page shows, least energy first, each with its place among all of its group."""
    order = [When(heads[piece.place].where, then=Value(piece.place)) for piece in pieces]
    of_groups = Q(pk__in=[])
    for piece in pieces:
        of_groups |= heads[piece.place].where
    ordered = (
        cells.filter(of_groups)
        .alias(group_place=Case(*order))
        .order_by("group_place", "energy_per_query_j", "model__slug")
    )
    first = pieces[0].n_before
    on_page: list[Cell] = list(ordered.with_names()[first : first + sum(piece.n_shown for piece in pieces)])
    places = places_of_cells(on_page)
    rows = iter([row_of_cell(cell, series, places.get(cell.pk)) for cell in on_page])
    return [[row for _, row in zip(range(piece.n_shown), rows, strict=False)] for piece in pieces]
