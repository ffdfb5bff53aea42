"""CSV of boards: a row's energies per token and per correct answer have columns of their own, behind all others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from measurements.boards.unit_energies import without_values
from measurements.web.csv_renderer import RowsCsvRenderer

if TYPE_CHECKING:
    from collections.abc import Iterable

UNIT_ENERGIES = "unit_energies"
UNIT_FIELDS = {
    "value_j": "j_per_{}",
    "low_j": "low_j_per_{}",
    "high_j": "high_j_per_{}",
    "between_low_j": "between_low_j_per_{}",
    "between_high_j": "between_high_j_per_{}",
    "no_value": "no_j_per_{}",
    "no_interval": "no_interval_j_per_{}",
}
"""The columns of each unit: numbers, why there is no value, and why a value has no interval, empty where there is."""
RIGHT_ANSWER_METRIC = "right_answer_metric"


def unit_columns(energies: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The list of a row's energies per token and correct answer as columns, whose names carry the unit."""
    return {name: energy[field] for energy in energies for name, field in _columns_of_unit(energy["unit"])}


@cache
def _columns_of_unit(unit: str) -> list[tuple[str, str]]:
    """The name of each column of a unit, and the field that it has."""
    words = unit.replace("-", "_")
    columns = [(name.format(words), field) for field, name in UNIT_FIELDS.items()]
    return [*columns, (RIGHT_ANSWER_METRIC, "metric")] if unit == "right-answer" else columns


UNIT_COLUMNS = tuple(unit_columns(without_values("")))
"""Their names, in their order."""


class BoardCsvRenderer(RowsCsvRenderer):
    """Renders a board's rows as CSV; the last columns say of which version of the board they are."""

    of_the_file: ClassVar[Mapping[str, str]] = {
        "board_version": "version", "checkpoint": "checkpoint", "cite_as": "cite_as",
    }  # fmt: skip

    def flat(
        self, rows: list[Mapping[str, Any]], columns: list[str]
    ) -> tuple[list[Mapping[str, Any]], list[str]]:
        """Rows and columns with the energies of units at the end."""
        others = [column for column in columns if column != UNIT_ENERGIES]
        return [{**row, **unit_columns(row[UNIT_ENERGIES])} for row in rows], [*others, *UNIT_COLUMNS]
