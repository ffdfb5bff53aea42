"""Common claims, recomputed from the study's figures, with a verdict by one rule.

The rule, for a stated number s, with r recomputed for what s is said of, and a for each thing that it may belong to:

1. `holds`: s is r, rounded or cut to the digits of s; or s was said as a bound, and r lies on its side of it.
2. `holds-approximately`: r lies within 15 % of s, which was not said as a bound.
3. `belongs-elsewhere`: neither, or there is no r at all; but 1 or 2 is true of one of the a.
4. `does-not-hold`: none of these. So "more than 1,450" does not hold where r is 1,268, however near that is.

A claim of several numbers has the worst of their verdicts, in this order. The statements, what to compute and the words
around the numbers are data (``data/claims.toml``); no recomputed number and no verdict is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import msgspec

from joulemark.impact.measures import Measure, measured, scope_of
from joulemark.impact.quantity import Grade, Source
from joulemark.impact.study_figures import as_printed
from joulemark.impact.tables import read_toml
from joulemark.record.field_types import DecimalText
from joulemark.suite.published import load_study

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.suite.published import Study

Verdict = Literal["holds", "holds-approximately", "belongs-elsewhere", "does-not-hold"]

CLOSE = 0.15
"""How far a recomputed number may lie from a stated one that still holds approximately, as a share of it.

The article's own printing of one digit moves its best-known ratio by 13 %; what is further off is another number.
"""

Direction = Literal["at-least", "at-most"]
"""That a number was said as a bound: "more than" or "at least", "less than" or "at most"."""

LEAST_DIGITS = 4
"""Significant digits in which a number is shown; one beside a stated number has one digit more than that, if more."""


class NamedMeasure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number with the name under which the sentence has it."""

    name: str
    measure: Measure
    unit: str | None = None
    digits: int | None = None


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stated number in its own digits; no `measure`: the study has no figure of what it is said of."""

    stated: DecimalText
    direction: Direction | None = None
    measure: Measure | None = None
    instead: tuple[NamedMeasure, ...] = ()


class _Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str
    year: int
    checked: bool
    url: str | None = None


class _Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    statement: str
    source: str
    unit: str
    sentence: str
    values: Annotated[tuple[Value, ...], msgspec.Meta(min_length=1)]
    beside: tuple[NamedMeasure, ...] = ()
    board: str | None = None


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sources: dict[str, _Source]
    claims: tuple[_Claim, ...]


@dataclass(frozen=True, kw_only=True)
class Number:
    """A recomputed number; `digits`: significant digits in which to show it.

    All are published figures or follow from them; `scope` is what the energy covers, None where it is none.
    """

    name: str
    value: float
    unit: str
    digits: int
    scope: str | None
    grade: Grade = "published"


@dataclass(frozen=True, kw_only=True)
class CheckedValue:
    """A stated number beside what it is said of (None: the study has no figure) and what it may belong to.

    `direction` where it was said as a bound.
    """

    stated: str
    direction: Direction | None
    recomputed: Number | None
    instead: tuple[Number, ...]
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class CheckedClaim:
    """A statement with its verdict. `sentence` names numbers in braces; `board`: the task whose figures it is about."""

    id: str
    statement: str
    source: Source
    unit: str
    verdict: Verdict
    values: tuple[CheckedValue, ...]
    beside: tuple[Number, ...]
    sentence: str
    board: str | None

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Every recomputed number, those of the values first."""
        of_values = [n for value in self.values for n in (value.recomputed, *value.instead) if n is not None]
        return (*of_values, *self.beside)

    def written(
        self, sentence: str, write: Callable[[float, int], str], as_stated: Callable[[str], str] = str
    ) -> str:
        """A sentence (this claim's, or its translation) with its numbers in; `write` takes a value and its digits."""
        words = {number.name: write(number.value, number.digits) for number in self.numbers}
        return sentence.format(stated=as_stated(self.values[0].stated), **words)


def verdict_on(
    stated: str,
    recomputed: float | None,
    instead: tuple[float, ...] = (),
    direction: Direction | None = None,
) -> Verdict:
    """The rule above, for one number."""
    if recomputed is not None:
        if _is(recomputed, stated, direction):
            return "holds"
        if direction is None and _close(recomputed, stated):
            return "holds-approximately"
    if any(
        _is(value, stated, direction) or (direction is None and _close(value, stated)) for value in instead
    ):
        return "belongs-elsewhere"
    return "does-not-hold"


@cache
def checked_claims() -> tuple[CheckedClaim, ...]:
    """Every claim of the file, checked against the published study."""
    file = read_toml("claims.toml", _File)
    return tuple(
        _checked(load_study(), claim, file.sources[claim.source], claim.source) for claim in file.claims
    )


def _checked(study: Study, claim: _Claim, source: _Source, source_id: str) -> CheckedClaim:
    values = tuple(_value(study, claim, place) for place in range(len(claim.values)))
    order = get_args(Verdict)
    return CheckedClaim(
        id=claim.id,
        statement=claim.statement,
        source=Source(
            id=source_id,
            title=source.title,
            year=source.year,
            licence=None,
            url=source.url,
            checked=source.checked,
        ),
        unit=claim.unit,
        verdict=max((value.verdict for value in values), key=order.index),
        values=values,
        beside=tuple(_number(study, named, claim.unit, LEAST_DIGITS) for named in claim.beside),
        sentence=claim.sentence,
        board=claim.board,
    )


def _value(study: Study, claim: _Claim, place: int) -> CheckedValue:
    value = claim.values[place]
    digits = max(LEAST_DIGITS, len(value.stated.replace(".", "").lstrip("0")) + 1)
    name = "found" if place == 0 else f"found_{place + 1}"
    recomputed = None
    if value.measure is not None:
        recomputed = _number(study, NamedMeasure(name=name, measure=value.measure), claim.unit, digits)
    instead = tuple(_number(study, named, claim.unit, digits) for named in value.instead)
    return CheckedValue(
        stated=value.stated,
        direction=value.direction,
        recomputed=recomputed,
        instead=instead,
        verdict=verdict_on(
            value.stated,
            None if recomputed is None else recomputed.value,
            tuple(number.value for number in instead),
            value.direction,
        ),
    )


def _number(study: Study, named: NamedMeasure, unit: str, digits: int) -> Number:
    """A number in the digits that the file asks for it, else in `digits`."""
    return Number(
        name=named.name,
        value=measured(study, named.measure),
        unit=named.unit or unit,
        digits=named.digits or digits,
        scope=scope_of(study, named.measure),
    )


def _is(value: float, stated: str, direction: Direction | None) -> bool:
    """Whether `stated` is `value` in its digits, or a bound that `value` keeps."""
    beyond = value - float(stated)
    within_bound = direction is not None and (beyond >= 0 if direction == "at-least" else beyond <= 0)
    return within_bound or as_printed(value, stated) is not None


def _close(value: float, stated: str) -> bool:
    return abs(value / float(stated) - 1) <= CLOSE
