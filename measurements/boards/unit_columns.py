"""The columns that a board's table has for joules per token and per right answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.boards.unit_energies import energy_of_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.consensus.unit_energy import Unit
    from measurements.boards.board_row import BoardRow

BOARD_UNITS: tuple[Unit, ...] = ("output-token", "right-answer")
"""What a board's table has a column for, where every row of a group has it; cells and downloads have all."""


@dataclass(frozen=True, kw_only=True)
class UnitColumn:
    """A column of a board's table: one unit and, of right answers, one metric. Nothing is ranked by it."""

    unit: Unit
    metric: str


def unit_columns(rows: Sequence[BoardRow]) -> list[UnitColumn]:
    """The units of which every one of `rows` has a value, by one and the same denominator."""
    columns = []
    for unit in BOARD_UNITS:
        energies = [energy_of_unit(row.unit_energies, unit) for row in rows]
        metrics = {energy["metric"] for energy in energies}
        if len(metrics) == 1 and all(energy["value_j"] is not None for energy in energies):
            columns.append(UnitColumn(unit=unit, metric=metrics.pop()))
    return columns
