"""The verdict on a reported number beside the values of a platform's boards, by one rule.

For the numbers that a statement allows, its boundary, and what boards have of the same quantity:

1. `other-boundary`: the statement covers what no board does (a data centre, a life cycle), or nobody says what.
2. `no-measurement`: boards have no value of this quantity.
3. `other-boundary`: they have, and none within this boundary.
4. `no-measurement`: none of those has an interval, and a value without one tells nobody apart.
5. `above`, `below`: every number that the statement allows lies above, or below, all of the intervals.
6. `agrees`: any of them lies within the intervals' ends.

A verdict says how two numbers lie to each other, not which of them is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from joulemark.impact.board_numbers import BoardValues, board_numbers
from joulemark.impact.reported import contradictions, in_board_unit, reported_claims, stated_extent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.impact.board_numbers import BoardNumber, BoardValue
    from joulemark.impact.reported import Boundary, Extent, ReportedClaim, ReportedValue

BoardVerdict = Literal["agrees", "above", "below", "other-boundary", "no-measurement"]
"""How a reported number lies to the values of the boards."""

NoBoardNumber = Literal["no-such-quantity", "not-measured", "no-interval-yet"]
"""Why there is no measurement: boards have no such quantity; nobody has measured it; it has no interval yet."""

SCOPE_OF_BOUNDARY: dict[Boundary, str] = {"accelerator": "gpu", "server": "node"}
"""The scopes of boards that cover what a boundary does. Parts of a server that are not all of it are neither."""


@dataclass(frozen=True, kw_only=True)
class JudgedValue:
    """A reported value with its verdict; `number` is what it was compared with, or what boards have elsewhere."""

    reported: ReportedValue
    verdict: BoardVerdict
    number: BoardNumber | None
    reason: NoBoardNumber | None


@dataclass(frozen=True, kw_only=True)
class JudgedClaim:
    """A reported row with a verdict for each of its values, and the ids of rows that contradict it."""

    claim: ReportedClaim
    values: tuple[JudgedValue, ...]
    contradicts: tuple[str, ...]


def board_verdict(
    extent: Extent | None, boundary: Boundary, numbers: Sequence[BoardNumber]
) -> tuple[BoardVerdict, BoardNumber | None]:
    """The rule above, with the number that it rests on; `extent` None: boards have no such quantity."""
    scope = SCOPE_OF_BOUNDARY.get(boundary)
    if scope is None:
        return "other-boundary", numbers[0] if numbers else None
    if extent is None or not numbers:
        return "no-measurement", None
    number = next((number for number in numbers if number.scope == scope), None)
    if number is None:
        return "other-boundary", numbers[0]
    if number.low is None or number.high is None:
        return "no-measurement", number
    if extent.low > number.high:
        return "above", number
    return ("below" if extent.high < number.low else "agrees"), number


def judged_claims(values: Sequence[BoardValue]) -> list[JudgedClaim]:
    """Every reported row, judged against the measured values of boards."""
    claims = reported_claims()
    against, of_boards = contradictions(claims), BoardValues(values)
    return [judge_claim(claim, of_boards, against[claim.id]) for claim in claims]


def tasks_compared() -> frozenset[str]:
    """The tasks whose values `judged_claims` looks at."""
    subjects = [value.board for claim in reported_claims() for value in claim.values if value.board]
    selections = [part for subject in subjects for part in (subject.of, subject.over) if part is not None]
    return frozenset(part.task for part in selections if part.task is not None)


def judge_claim(claim: ReportedClaim, values: BoardValues, contradicts: tuple[str, ...] = ()) -> JudgedClaim:
    """A row with the verdict on each of its values, from the measured values of boards."""
    return JudgedClaim(
        claim=claim,
        values=tuple(_judge(claim, value, values) for value in claim.values),
        contradicts=contradicts,
    )


def _judge(claim: ReportedClaim, reported: ReportedValue, values: BoardValues) -> JudgedValue:
    extent = None if reported.board is None else in_board_unit(stated_extent(reported), claim.unit)
    numbers = [] if reported.board is None else board_numbers(reported.board, values)
    verdict, number = board_verdict(extent, claim.boundary, numbers)
    reason = _reason(extent, number) if verdict == "no-measurement" else None
    return JudgedValue(reported=reported, verdict=verdict, number=number, reason=reason)


def _reason(extent: Extent | None, number: BoardNumber | None) -> NoBoardNumber:
    if extent is None:
        return "no-such-quantity"
    return "not-measured" if number is None else "no-interval-yet"
