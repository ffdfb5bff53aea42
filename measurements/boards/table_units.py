"""A row's energy in the unit that a query asks for, with its interval, or why it is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.impact.intensity import row_of
from measurements.boards.board_query import CO2E, TOKEN_UNITS, WH
from measurements.boards.unit_energies import energy_of_unit
from measurements.display.choices import NoInterval
from measurements.display.units import wh_per_1000

if TYPE_CHECKING:
    from measurements.boards.board_query import BoardQuery
    from measurements.boards.board_row import BoardRow

WH_PER_KWH = 1000.0
OF_RUNS = "range-of-runs"
"""How the interval of a published figure was formed: it spans its publisher's runs."""


@dataclass(frozen=True, kw_only=True)
class TableEnergy:
    """`value` from `low` to `high` in the unit of a query; `value_j` is the same in joules, between `ends_j`.

    `low` to `high` is the 95 % interval of the true energy, of a published figure the range of its runs (`interval`).
    What is None has its reason: `no_value`, `no_interval`.
    """

    value: float | None
    low: float | None
    high: float | None
    interval: str
    no_value: str
    no_interval: str
    value_j: float | None
    between_low_j: float | None
    between_high_j: float | None


def energy_in_unit(row: BoardRow, query: BoardQuery) -> TableEnergy:
    """The energy of a row in the unit of a query."""
    unit = TOKEN_UNITS.get(query.unit)
    return _per_query(row, query) if unit is None else _per_unit(row, unit)


def grams_per_kwh(query: BoardQuery) -> float:
    """The carbon intensity of a query's region and year, in gCO2e/kWh. Raises UnknownPlace."""
    return row_of(query.region, query.year).gco2e_per_kwh


def _per_query(row: BoardRow, query: BoardQuery) -> TableEnergy:
    scale = 1.0
    if query.unit in (WH, CO2E):
        scale = wh_per_1000(1.0)
    if query.unit == CO2E:
        scale *= grams_per_kwh(query) / WH_PER_KWH
    is_published = row.is_published
    low, high = (row.least_j, row.most_j) if is_published else (row.low_j, row.high_j)
    has_ends = low is not None and high is not None
    reason = row.no_interval or (NoInterval.SINGLE_SOURCE.value if not is_published else "")
    return TableEnergy(
        value=row.energy_per_query_j * scale,
        low=None if low is None else low * scale,
        high=None if high is None else high * scale,
        interval=(OF_RUNS if is_published else row.interval) if has_ends else "",
        no_value="",
        no_interval="" if has_ends else reason,
        value_j=row.energy_per_query_j,
        between_low_j=row.between_low_j,
        between_high_j=row.between_high_j,
    )


def _per_unit(row: BoardRow, unit: str) -> TableEnergy:
    energy = energy_of_unit(row.unit_energies, unit)
    return TableEnergy(
        value=energy["value_j"],
        low=energy["low_j"],
        high=energy["high_j"],
        interval=energy["interval"],
        no_value=energy["no_value"] or "",
        no_interval=energy["no_interval"] or "",
        value_j=energy["value_j"],
        between_low_j=energy["between_low_j"],
        between_high_j=energy["between_high_j"],
    )
