"""Values of volunteers' cells by time: those that changed last, and the least of each comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from measurements.boards.board_row import BoardRow, row_of_cell
from measurements.boards.models import Cell, CellRevision
from measurements.boards.series import series_of_suite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from measurements.boards.models import CellContent


def latest_values(limit: int) -> list[BoardRow]:
    """The last `limit` revisions of cells that are not gone, latest first."""
    revisions = CellRevision.objects.filter(gone=False).with_names().order_by("-id")[:limit]
    return _rows(revisions)


def least_values(limit: int) -> list[BoardRow]:
    """Of models on one data set, hardware, scope and grade of a suite the cell with the least energy, latest first.

    Of equal ones the first that was there. At most `limit`.
    """
    place = Window(
        RowNumber(),
        partition_by=[F("suite"), F("grade"), F("dataset"), F("hardware_class"), F("scope")],
        order_by=[F("energy_per_query_j").asc(), F("id").asc()],
    )
    least = Cell.objects.annotate(place=place).filter(place=1).with_names().order_by("-updated_at", "-id")
    return _rows(least[:limit])


def _rows(cells: Iterable[CellContent]) -> list[BoardRow]:
    return [row_of_cell(cell, series_of_suite(cell.suite, cell.grade)) for cell in cells]
