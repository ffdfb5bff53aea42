"""A value of a board as the energy of one query: what the calculator needs of it, and by what it is named.

Boards lie above this room. Whoever makes the calculator's form hands in how a value is found there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joulemark.impact.board_numbers import BoardValue
    from joulemark.impact.quantity import Quantity
    from measurements.web.as_of import Moment

VALUE = "value"
"""The calculator's choice of a value of a board; the fields of `VALUE_NAMED_BY` say which."""

VALUE_NAMED_BY = ("series", "task", "dataset", "model", "hardware", "scope", "stratum")


class ValueNotKept(LookupError):
    """The values of a board at a moment are not stored; the message says from when on they are."""


@dataclass(frozen=True, kw_only=True)
class FoundValue:
    """A value of a board: its `row` there, and a query's energy with its grade, scope, version and source."""

    row: object
    title: str
    query: Quantity


class FindValue(Protocol):
    """How a value is found by the fields of `VALUE_NAMED_BY`."""

    def __call__(self, named: Mapping[str, str], moment: Moment | None) -> FoundValue | None:
        """The value that `named` means, now or at a moment, or None when there is none. Raises ValueNotKept."""


def value_named(row: object) -> dict[str, str]:
    """What names a board's row for the calculator; a `FindValue` is its other way."""
    return {name: getattr(row, name) for name in VALUE_NAMED_BY}


class ReadBoardValues(Protocol):
    """How the measured values of boards are read that claims are compared with."""

    def __call__(self) -> list[BoardValue]:
        """The values of every task that a claim is about."""
