"""What others have reported of the energy of AI since 2023: one schema, read from ``data/reported.toml``.

A row states value, unit, boundary, grade, year and source as the source has them. No number of this project and no
verdict is in the file: `reported_rule` compares a row with the values of a platform's boards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import inf
from typing import Annotated, Literal

import msgspec

from joulemark.impact.board_numbers import BoardQuantity
from joulemark.impact.claims import Direction
from joulemark.impact.quantity import Quantity, Source
from joulemark.impact.tables import read_toml
from joulemark.record.field_types import DecimalText, HttpsAddress, Slug
from joulemark.record.statement import Grade

Boundary = Literal["accelerator", "server", "data-centre", "life-cycle", "undocumented"]
"""What a reported energy covers: the accelerator board; the server around it; the server with idle machines, cooling
and power conversion; all of that and the making of the hardware; nobody says."""

ReportedUnit = Literal[
    "Wh per query",
    "Wh per 1,000 queries",
    "gCO2e per query",
    "mL of water per query",
    "times",
    "% more energy",
    "% less energy",
    "% error",
    "% right answers",
]

WH_PER_QUERY: ReportedUnit = "Wh per query"
EARLIEST_YEAR, LATEST_YEAR = 2009, 2100


class ReportedSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who reported it, where and when."""

    title: Annotated[str, msgspec.Meta(min_length=1)]
    year: Annotated[int, msgspec.Meta(ge=EARLIEST_YEAR, le=LATEST_YEAR)]
    url: HttpsAddress | None = None


class ReportedValue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number in its own digits, to `upto` where a range was stated; `label` says what of, where a row has several.

    `board`: which values of a board are the same quantity; without it boards have no such quantity.
    """

    stated: DecimalText
    upto: DecimalText | None = None
    label: str = ""
    direction: Direction | None = None
    board: BoardQuantity | None = None

    def __post_init__(self) -> None:
        """Refuse a range that is a bound too, or ends below its beginning."""
        if self.upto is not None and (self.direction is not None or float(self.upto) <= float(self.stated)):
            raise ValueError(f"A range ends above its beginning and is no bound: {self.stated}, {self.upto}.")


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Slug
    statement: Annotated[str, msgspec.Meta(min_length=1)]
    source: str
    about: Annotated[str, msgspec.Meta(min_length=1)]
    boundary: Boundary
    grade: Grade | None = None
    checked: bool
    unit: ReportedUnit
    values: Annotated[tuple[ReportedValue, ...], msgspec.Meta(min_length=1)]


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sources: dict[str, ReportedSource]
    claims: tuple[_Row, ...]


@dataclass(frozen=True, kw_only=True)
class ReportedClaim:
    """A row with its source. Rows of one quantity have one `about` and stand beside each other.

    `grade`: how the source came to its number, None where it does not say. `is_checked`: read in the source itself.
    """

    id: str
    statement: str
    source: ReportedSource
    about: str
    boundary: Boundary
    grade: Grade | None
    is_checked: bool
    unit: ReportedUnit
    values: tuple[ReportedValue, ...]


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The numbers that a statement allows, ends included; `high` may be infinite."""

    low: float
    high: float


@cache
def reported_claims() -> tuple[ReportedClaim, ...]:
    """Every row, those about one quantity together, in the file's order. Raises ValueError for a missing source."""
    file = read_toml("reported.toml", _File)
    missing = sorted({row.source for row in file.claims} - file.sources.keys())
    if missing:
        raise ValueError(f"Add these sources to reported.toml, or name others: {', '.join(missing)}.")
    order = list(dict.fromkeys(row.about for row in file.claims))
    return tuple(
        ReportedClaim(
            id=row.id,
            statement=row.statement,
            source=file.sources[row.source],
            about=row.about,
            boundary=row.boundary,
            grade=row.grade,
            is_checked=row.checked,
            unit=row.unit,
            values=row.values,
        )
        for row in sorted(file.claims, key=lambda row: order.index(row.about))
    )


def stated_extent(value: ReportedValue) -> Extent:
    """The numbers that a stated one may be: what rounds to it, a range with its rounding, or one side of a bound."""
    low = float(value.stated) - _half_step(value.stated)
    high = float(value.upto or value.stated) + _half_step(value.upto or value.stated)
    if value.direction == "at-least":
        return Extent(low=float(value.stated), high=inf)
    if value.direction == "at-most":
        return Extent(low=0.0, high=float(value.stated))
    return Extent(low=max(low, 0.0), high=high)


def in_board_unit(extent: Extent, unit: ReportedUnit) -> Extent | None:
    """The same in the unit of `board_numbers`: Wh per query, or a ratio of energies; None for any other quantity."""
    match unit:
        case "Wh per query" | "times":
            return extent
        case "Wh per 1,000 queries":
            return Extent(low=extent.low / 1000, high=extent.high / 1000)
        case "% more energy":
            return Extent(low=1 + extent.low / 100, high=1 + extent.high / 100)
        case "% less energy":
            return Extent(low=max(1 - extent.high / 100, 0.0), high=1 - extent.low / 100)
        case _:
            return None


def contradictions(claims: tuple[ReportedClaim, ...]) -> dict[str, tuple[str, ...]]:
    """For each row's id the ids of rows that state another number of the same quantity, with the same boundary or not.

    Two rows contradict each other if they are about one quantity and no number that the one allows is allowed by the
    other; so does a row of several values that exclude each other, which then names itself.
    """
    against: dict[str, list[str]] = {claim.id: [] for claim in claims}
    for first, second in combinations(claims, 2):
        if first.about == second.about and _exclude(first, second):
            against[first.id].append(second.id)
            against[second.id].append(first.id)
    for claim in claims:
        if any(
            a.label == b.label and _disjoint(claim, a, claim, b) for a, b in combinations(claim.values, 2)
        ):
            against[claim.id].insert(0, claim.id)
    return {name: tuple(others) for name, others in against.items()}


def reported_queries() -> dict[str, Quantity]:
    """The energy of a query in watt-hours, of each row that states one, by the row's id and the value's place.

    A range of a source becomes the range of the quantity, with its middle as the value; a bound is not a quantity.
    """
    quantities = {}
    for claim in reported_claims():
        for place, value in enumerate(claim.values, start=1):
            if claim.unit == WH_PER_QUERY and value.direction is None:
                name = claim.id if len(claim.values) == 1 else f"{claim.id}-{place}"
                quantities[name] = _quantity(claim, value)
    return quantities


def claim_of_query(name: str) -> tuple[ReportedClaim, ReportedValue]:
    """The row and value behind a name of `reported_queries`. Raises KeyError for another name."""
    for claim in reported_claims():
        for place, value in enumerate(claim.values, start=1):
            if name == (claim.id if len(claim.values) == 1 else f"{claim.id}-{place}"):
                return claim, value
    raise KeyError(name)


def _quantity(claim: ReportedClaim, value: ReportedValue) -> Quantity:
    low = float(value.stated)
    high = float(value.upto) if value.upto is not None else low
    source = Source(
        id=claim.id,
        title=claim.source.title,
        year=claim.source.year,
        licence="LicenseRef-cited-fact",
        url=claim.source.url,
        checked=claim.is_checked,
        scope=claim.boundary,
    )
    ends = (low, high) if high > low else (None, None)
    return Quantity(value=(low + high) / 2, low=ends[0], high=ends[1], unit="Wh", sources=(source,))


def _half_step(stated: str) -> float:
    """Half of the last digit that was written."""
    decimals = len(stated.partition(".")[2])
    return 0.5 * 10.0**-decimals


def _exclude(first: ReportedClaim, second: ReportedClaim) -> bool:
    """Whether values of two rows with equal labels exclude each other."""
    return any(
        a.label == b.label and _disjoint(first, a, second, b) for a in first.values for b in second.values
    )


def _disjoint(first: ReportedClaim, a: ReportedValue, second: ReportedClaim, b: ReportedValue) -> bool:
    ours, theirs = (
        in_board_unit(stated_extent(a), first.unit),
        in_board_unit(stated_extent(b), second.unit),
    )
    if ours is None or theirs is None:
        return False
    return ours.high < theirs.low or theirs.high < ours.low
