"""Reported claims as the page shows them: rows of one quantity together, numbers in the reader's digits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from joulemark.impact.reported_rule import judged_claims
from measurements.display.human_units import NO_BREAK
from measurements.display.numbers import as_written, joined_ends, significant
from measurements.display.titles import translated
from measurements.impact.form import year_of_claim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.impact.board_numbers import BoardNumber, BoardValue
    from joulemark.impact.reported import ReportedValue
    from joulemark.impact.reported_rule import BoardVerdict, JudgedClaim, JudgedValue, NoBoardNumber

PLAIN_FROM = 1e-5


@dataclass(frozen=True, kw_only=True)
class ReportedNumber:
    """A stated number, what the boards have of the same quantity, and the verdict.

    `number` and `interval` are Wh per query of a row in watt-hours, else a ratio; both empty where boards have none.
    `year_query` asks the calculator for a year of it, empty for a bound.
    """

    label: str
    stated: str
    verdict: BoardVerdict
    reason: NoBoardNumber | None
    number: str
    interval: str
    scope: str
    n_values: int
    is_ratio: bool
    year_query: str


@dataclass(frozen=True, kw_only=True)
class ReportedGroup:
    """Rows about one quantity; `is_disputed`: their numbers exclude each other."""

    rows: list[JudgedClaim]

    @property
    def is_disputed(self) -> bool:
        """Whether sources contradict each other."""
        return any(row.contradicts for row in self.rows)

    @property
    def numbered(self) -> list[tuple[JudgedClaim, list[ReportedNumber]]]:
        """Each row with its numbers."""
        return [
            (row, [_number(row, value, place) for place, value in enumerate(row.values, start=1)])
            for row in self.rows
        ]


def reported_groups(values: Sequence[BoardValue]) -> list[ReportedGroup]:
    """Every reported row, judged against the measured values of boards."""
    judged = judged_claims(values)
    return [ReportedGroup(rows=list(rows)) for _, rows in groupby(judged, key=lambda row: row.claim.about)]


def stated_number(value: ReportedValue) -> str:
    """A stated number, a range or a bound, in its own digits."""
    if value.upto is None:
        sign = {"at-least": f">{NO_BREAK}", "at-most": f"≤{NO_BREAK}", None: ""}[value.direction]
        return f"{sign}{as_written(value.stated)}"
    return joined_ends(as_written(value.stated), as_written(value.upto))


def _number(row: JudgedClaim, value: JudgedValue, place: int) -> ReportedNumber:
    number = value.number
    name = row.claim.id if len(row.values) == 1 else f"{row.claim.id}-{place}"
    return ReportedNumber(
        label=translated(value.reported.label),
        stated=stated_number(value.reported),
        verdict=value.verdict,
        reason=value.reason,
        number="" if number is None else significant(number.value, plain_from=PLAIN_FROM),
        interval="" if number is None else _interval(number),
        scope="" if number is None else number.scope,
        n_values=0 if number is None else number.n_values,
        is_ratio=not row.claim.unit.startswith("Wh"),
        year_query="" if value.reported.direction else urlencode(year_of_claim(name)),
    )


def _interval(number: BoardNumber) -> str:
    if number.low is None or number.high is None:
        return ""
    low, high = (significant(end, plain_from=PLAIN_FROM) for end in (number.low, number.high))
    return joined_ends(low, high)
