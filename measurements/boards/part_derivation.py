"""What is derived of a part from its cells and device values: its comparison and the place of each cell.

One set of functions for the task that stores it, for the check of what is stored, and for a page that finds it behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from joulemark.consensus.ratio import ModelValue
from joulemark.leaderboard.comparison_numbers import ComparisonNumbers, compare_rows
from joulemark.leaderboard.parts import meeting_rows, places_in_part
from joulemark.leaderboard.row_places import RowPlace
from measurements.boards.board_row import BoardRow, row_of_cell
from measurements.boards.fault_isolation import NotComputable, computed
from measurements.boards.models import Cell, DeviceValue
from measurements.boards.part_key import PartKey, in_batches
from measurements.boards.series import series_of_suite
from measurements.display.choices import ModelKind

if TYPE_CHECKING:
    from collections.abc import Iterable


class StoredValue(NamedTuple):
    """The value of a device in a cell, as the database has it."""

    cell_id: int
    contributor_id: int
    device_tag: str
    energy_per_query_j: float


@dataclass(frozen=True, kw_only=True)
class PartRows:
    """The cells of a part with their names, least energy first, and the values of devices in them.

    Values come in the order of the primary keys of cells and devices, so that a sum is the same to the last digit.
    """

    cells: list[Cell] = field(default_factory=list)
    values: list[StoredValue] = field(default_factory=list)


class PartComparison(NamedTuple):
    """The comparison within a part, None where both kinds of model nowhere meet or where `is_missing`.

    `is_missing`: they meet, and their numbers cannot be combined.
    """

    numbers: ComparisonNumbers | None
    is_missing: bool


def read_part_rows(parts: Iterable[PartKey]) -> dict[PartKey, PartRows]:
    """The rows of each of these parts that has a cell, in two queries a hundred parts."""
    rows: dict[PartKey, PartRows] = {}
    for batch in in_batches(parts):
        part_of_cell: dict[int, PartKey] = {}
        for cell in Cell.objects.of_parts(batch).with_names():
            part_of_cell[cell.pk] = part = PartKey.of(cell)
            rows.setdefault(part, PartRows()).cells.append(cell)
        values = DeviceValue.objects.of_parts(batch).order_by("cell_id", "device_id")
        columns = values.values_list("cell_id", "device__contributor_id", "device__tag", "energy_per_query_j")
        for value in map(StoredValue._make, columns):
            if value.cell_id in part_of_cell:  # else its cell is newer than the query before this one
                rows[part_of_cell[value.cell_id]].values.append(value)
    return rows


def derive_comparison(rows: PartRows) -> PartComparison:
    """The comparison within one part; a model of which nobody says whether it was made for one task takes no part.

    A fault of its numbers is in the log.
    """
    cells = {cell.pk: cell for cell in meeting_rows((cell.model.kind, cell) for cell in rows.cells)}
    if not cells:
        return PartComparison(numbers=None, is_missing=False)
    board_rows = [_row_of(cell) for cell in cells.values()]
    values = [_model_value(value, cells[value.cell_id]) for value in rows.values if value.cell_id in cells]
    head = board_rows[0]
    named = f"the comparison {head.series}, {head.task}, {head.dataset}, {head.hardware}, {head.scope}"
    try:
        return PartComparison(computed(named, partial(compare_rows, board_rows, values)), is_missing=False)
    except NotComputable:
        return PartComparison(numbers=None, is_missing=True)


def derive_places(cells: Iterable[Cell]) -> dict[int, RowPlace]:
    """The place of each of a part's cells among those of its stratum, by the cell's primary key."""
    return places_in_part((_row_of(cell), cell.pk) for cell in cells)


def _row_of(cell: Cell) -> BoardRow:
    return row_of_cell(cell, series_of_suite(cell.suite, cell.grade))


def _model_value(value: StoredValue, cell: Cell) -> ModelValue:
    return ModelValue(
        model=cell.model.slug,
        general_purpose=cell.model.kind == ModelKind.GENERAL_PURPOSE,
        source=cell.stratum,
        energy_per_query_j=value.energy_per_query_j,
        contributor=value.contributor_id,
        device=value.device_tag,
    )
