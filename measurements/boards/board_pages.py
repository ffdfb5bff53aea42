"""Pages of a board: which rows of which groups one shows, and the cells of these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.paginator import Paginator
from django.db.models import Case, Count, Q, Value, When

from measurements.boards.board_row import BoardRow, ranked, row_of_cell
from measurements.boards.models import CellRevision
from measurements.boards.part_storage import places_of_cells
from measurements.catalog.cached_rows import datasets_by_key, hardware_by_key, with_cached_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from measurements.boards.models import CellQuerySet
    from measurements.boards.series import SuiteSeries

ROWS_PER_PAGE = 100
GROUP_FIELDS = ("dataset_id", "hardware_class_id", "scope", "stratum")


class GroupHead(NamedTuple):
    """The conditions of a group, which sort as its rows' conditions do, and how many rows it has."""

    dataset: str
    hardware: str
    scope: str
    stratum: str
    hardware_title: str
    n_rows: int
    where: Q
    """Its cells among those of a board, or its revisions among all."""

    @property
    def conditions(self) -> tuple[str, str, str, str]:
        """Those of each of its rows."""
        return (self.dataset, self.hardware, self.scope, self.stratum)


class PageOfGroup(NamedTuple):
    """Rows of one group that a page shows: `n_before` rows of the group come before them."""

    place: int
    n_before: int
    n_shown: int


def group_heads(cells: CellQuerySet) -> list[GroupHead]:
    """The groups of a board's cells, in the order of the board; in one query."""
    rows = cells.order_by().values_list(*GROUP_FIELDS).annotate(Count("pk"))
    return _heads((*key, n_rows, Q(**dict(zip(GROUP_FIELDS, key, strict=True)))) for *key, n_rows in rows)


def group_heads_of_revisions(revisions: CellQuerySet) -> list[GroupHead]:
    """The groups of what stood on a board at a time, each by the primary keys of its revisions."""
    of_group: dict[tuple[Any, ...], list[int]] = {}
    for pk, *key in revisions.order_by().values_list("pk", *GROUP_FIELDS):
        of_group.setdefault(tuple(key), []).append(pk)
    return _heads((*key, len(pks), Q(pk__in=pks)) for key, pks in of_group.items())


def _heads(groups: Iterable[tuple[Any, ...]]) -> list[GroupHead]:
    every = list(groups)
    datasets, classes = datasets_by_key(), hardware_by_key()
    heads = [
        GroupHead(
            dataset=datasets[dataset].slug,
            hardware=classes[hardware].public_slug,
            scope=scope,
            stratum=stratum,
            hardware_title=classes[hardware].public_title,
            n_rows=n_rows,
            where=where,
        )
        for dataset, hardware, scope, stratum, n_rows, where in every
    ]
    return sorted(heads, key=lambda head: head.conditions)


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
    n_shown = sum(piece.n_shown for piece in pieces)
    on_page = with_cached_names(ordered.select_related("standing")[first : first + n_shown])
    places = places_of_cells(on_page)
    rows = iter([row_of_cell(cell, series, places.get(cell.pk)) for cell in on_page])
    return [[row for _, row in zip(range(piece.n_shown), rows, strict=False)] for piece in pieces]


def revision_rows_of_page(
    series: SuiteSeries, heads: Sequence[GroupHead], pieces: Sequence[PageOfGroup]
) -> list[list[BoardRow]]:
    """The same of what stood there at a time: groups that a page shows are ranked, and no others."""
    of_page = Q(pk__in=[])
    for piece in pieces:
        of_page |= heads[piece.place].where
    rows: dict[tuple[str, ...], list[BoardRow]] = {}
    for revision in with_cached_names(CellRevision.objects.filter(of_page)):
        row = row_of_cell(revision, series)
        rows.setdefault(row.conditions, []).append(row)
    return [
        ranked(rows[heads[piece.place].conditions])[piece.n_before : piece.n_before + piece.n_shown]
        for piece in pieces
    ]
