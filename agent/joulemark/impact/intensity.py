"""Yearly average carbon intensity of electricity by country and region (Ember), or the reader's own.

The values lie in ``data/intensity.csv``, what they are in ``data/intensity.toml``: lifecycle emissions, location-based,
of what is generated in a place in a year. They say nothing of one hour, one contract or one data centre.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

import msgspec

from joulemark.impact.quantity import READER, Quantity, Source
from joulemark.impact.tables import read_csv, read_toml

UNIT = "gCO2e/kWh"
PlaceKind = Literal["country", "region"]


class IntensityRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place in a year. `code` is ISO 3166-1 alpha-3 for a country, a word for a region."""

    code: Annotated[str, msgspec.Meta(min_length=2)]
    name: str
    kind: PlaceKind
    year: int
    gco2e_per_kwh: Annotated[float, msgspec.Meta(ge=0)]


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the table is, and under which terms."""

    id: str
    title: str
    url: str
    republished_by: str
    republished: str
    unit: Literal["gCO2e/kWh"]
    quantity: str
    emissions: Literal["lifecycle"]
    method: Literal["location-based"]
    mix: Literal["production"]
    licence: str
    licence_note: str
    citation: str
    changes: str
    caveat: str


class UnknownPlace(LookupError):
    """No row for the place, or none for the year; the sentence names what there is."""


@cache
def about() -> About:
    """What the table is."""
    return read_toml("intensity.toml", About)


@cache
def rows() -> tuple[IntensityRow, ...]:
    """Every row: regions first (the world before the others), then countries by code."""
    return read_csv("intensity.csv", IntensityRow)


@cache
def _by_code() -> dict[str, dict[int, IntensityRow]]:
    by_code: dict[str, dict[int, IntensityRow]] = {}
    for row in rows():
        by_code.setdefault(row.code, {})[row.year] = row
    return by_code


def latest() -> tuple[IntensityRow, ...]:
    """The latest year of each place, in the table's order."""
    return tuple(by_year[max(by_year)] for by_year in _by_code().values())


def row_of(code: str, year: int | None = None) -> IntensityRow:
    """The row of a place; without a year the latest. Raises UnknownPlace, naming the years that there are."""
    by_year = _by_code().get(code)
    if by_year is None:
        raise UnknownPlace(f"There is no intensity for {code[:40]!r}: use a code of the table.")
    if year is None:
        year = max(by_year)
    if year not in by_year:
        years = ", ".join(map(str, sorted(by_year)))
        raise UnknownPlace(
            f"There is no intensity of {by_year[max(by_year)].name} for {year}, only for {years}."
        )
    return by_year[year]


def intensity_of(code: str, year: int | None = None) -> Quantity:
    """The intensity of a place in gCO2e/kWh, with Ember as its source and the year that it describes."""
    row = row_of(code, year)
    table = about()
    source = Source(
        id=f"{table.id}-{row.code}-{row.year}",
        title=f"{table.title}, as republished by {table.republished_by} ({table.republished}): {row.name}",
        year=row.year,
        licence=table.licence,
        url=table.url,
    )
    return Quantity(value=row.gco2e_per_kwh, unit=UNIT, sources=(source,))


def own_intensity(gco2e_per_kwh: float) -> Quantity:
    """The reader's own factor. Raises ValueError for one that is negative or not finite."""
    return Quantity(value=gco2e_per_kwh, unit=UNIT, sources=(READER,))
