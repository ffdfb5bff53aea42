"""Numbers as people and programs write them, read in every convention that fits: one value, or a refusal.

A decimal point or a decimal comma, and thousands apart by a comma, a point, a space or an apostrophe, in groups of
three or as in India (12,34,567). A table is written in one convention, so its cells decide together: `1.234` beside
`0.5` is one and a quarter, `1,234` beside `0,5` too; alone, both could be a thousand and are refused. A group of
thousands never begins with 0, so `0,497` is less than one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Mark = Literal["point", "comma"]
MARKS: dict[Mark, str] = {"point": ".", "comma": ","}
SPACES = " \u00a0\u2009\u202f"
NO_NUMBER = "version"
"""What is written in a column of this name looks like a number, and is none."""
GROUPINGS = (",", ".", f"[{SPACES}]", "['\u2019]")
EXPONENT = r"(?:[eE][+-]?[0-9]{1,4})?"


class Ambiguous(ValueError):
    """A text that is one number in one convention and another in another. `readings` are both."""

    def __init__(self, readings: Iterable[float]) -> None:
        self.readings = tuple(sorted(readings))
        super().__init__(" or ".join(f"{value:g}" for value in self.readings))


@dataclass(frozen=True)
class Convention:
    """One way to write numbers: the decimal mark, and what stands between groups; "" where nothing does."""

    mark: Mark
    groups: str

    def read(self, text: str) -> float | None:
        """The number, or None where this is no number in this convention."""
        if not _pattern(self).fullmatch(text):
            return None
        digits = re.sub(self.groups, "", text) if self.groups else text
        return float(digits.replace(MARKS[self.mark], "."))


def _pattern(convention: Convention) -> re.Pattern[str]:
    return _PATTERNS[convention]


def _compiled(convention: Convention) -> re.Pattern[str]:
    mark = re.escape(MARKS[convention.mark])
    if not convention.groups:
        return re.compile(rf"[+-]?(?:[0-9]+(?:{mark}[0-9]*)?|{mark}[0-9]+){EXPONENT}")
    group = convention.groups
    whole = rf"[1-9][0-9]{{0,2}}(?P<sign>{group})[0-9]{{3}}(?:(?P=sign)[0-9]{{3}})*"
    indian = rf"[1-9][0-9]?(?P<other>{group})(?:[0-9]{{2}}(?P=other))*[0-9]{{3}}"
    return re.compile(rf"[+-]?(?:{whole}|{indian})(?:{mark}[0-9]*)?")


def _conventions() -> tuple[Convention, ...]:
    conventions = []
    for mark, sign in MARKS.items():
        conventions.append(Convention(mark, ""))
        conventions += [
            Convention(mark, group if group[0] == "[" else re.escape(group))
            for group in GROUPINGS
            if group != sign
        ]
    return tuple(conventions)


CONVENTIONS = _conventions()
_PATTERNS = {convention: _compiled(convention) for convention in CONVENTIONS}


def conventions_of_table(
    columns: Mapping[str, Sequence[str]], mark: Mark | None
) -> dict[str, tuple[Convention, ...]]:
    """How the numbers of each column may be written; `mark` is what somebody has said of all.

    A column is written with the marks in which all of its numbers can be read. One that can be read with both is
    written with the mark that other columns of numbers leave no choice about, if they agree.
    """
    if mark is not None:
        return dict.fromkeys(columns, _with(frozenset({mark})))
    marks = {name: _marks_of(cells) for name, cells in columns.items()}
    decided = {
        next(iter(fitting))
        for name, fitting in marks.items()
        if len(fitting) == 1 and NO_NUMBER not in name and all(_marks_of([cell]) for cell in columns[name])
    }
    if len(decided) == 1:
        marks = {name: fitting & decided or fitting for name, fitting in marks.items()}
    return {name: _with(fitting or frozenset(MARKS)) for name, fitting in marks.items()}


def _with(marks: frozenset[Mark]) -> tuple[Convention, ...]:
    return tuple(convention for convention in CONVENTIONS if convention.mark in marks)


def _marks_of(cells: Iterable[str]) -> frozenset[Mark]:
    """The marks in which each cell that is a number can be read; none where no cell is one, or where they disagree."""
    readings = [fitting for cell in cells if (fitting := frozenset(_fitting(cell)))]
    return frozenset.intersection(*readings) if readings else frozenset()


def _fitting(text: str) -> Iterator[Mark]:
    yield from (convention.mark for convention in CONVENTIONS if convention.read(text) is not None)


def read_number(text: str, conventions: Iterable[Convention]) -> float:
    """The one number that `text` is. Raises Ambiguous where it is two, and ValueError where it is none."""
    readings = {value for convention in conventions if (value := convention.read(text)) is not None}
    if len(readings) > 1:
        raise Ambiguous(readings)
    if not readings:
        raise ValueError("no number")
    return readings.pop()
