"""CSV of boards: a row's energies per token and per correct answer have columns of their own, behind all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from measurements.boards.unit_energies import without_values
from measurements.web.csv_renderer import RowsCsvRenderer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNIT_ENERGIES = "unit_energies"
UNIT_NUMBERS = {
    "value_j": "j_per_{}",
    "low_j": "low_j_per_{}",
    "high_j": "high_j_per_{}",
    "between_low_j": "between_low_j_per_{}",
    "between_high_j": "between_high_j_per_{}",
}
NO_UNIT_VALUE, NO_UNIT_INTERVAL = "no_j_per_{}", "no_interval_j_per_{}"
"""The columns of why there is no value, and why a value has no interval; empty where there is one."""
RIGHT_ANSWER_METRIC = "right_answer_metric"


def unit_columns(energies: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The list of a row's energies per token and correct answer as columns, whose names carry the unit."""
    columns: dict[str, Any] = {}
    for energy in energies:
        unit = energy["unit"].replace("-", "_")
        columns |= {name.format(unit): energy[field] for field, name in UNIT_NUMBERS.items()}
        columns[NO_UNIT_VALUE.format(unit)] = energy["no_value"]
        columns[NO_UNIT_INTERVAL.format(unit)] = energy["no_interval"]
        if energy["unit"] == "right-answer":
            columns[RIGHT_ANSWER_METRIC] = energy["metric"]
    return columns


UNIT_COLUMNS = tuple(unit_columns(without_values("")))
"""Their names, in their order."""


class BoardCsvRenderer(RowsCsvRenderer):
    """Renders a board's rows as CSV."""

    def flat(
        self, rows: list[Mapping[str, Any]], columns: list[str]
    ) -> tuple[list[Mapping[str, Any]], list[str]]:
        """Rows and columns with the energies of units at the end."""
        others = [column for column in columns if column != UNIT_ENERGIES]
        return [{**row, **unit_columns(row[UNIT_ENERGIES])} for row in rows], [*others, *UNIT_COLUMNS]
