"""Errors of the readers of published figures, each with a sentence that says where and why.

PublishedInputError
├── UnreadableInput     a file, or the map beside it, is not what the reader reads
└── BadRows             rows that cannot be trusted: every one with its place and reason
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 20


class PublishedInputError(Exception):
    """A file of published figures cannot be used; nothing of it was taken."""


class UnreadableInput(PublishedInputError, ValueError):
    """The file as a whole is not what the reader reads."""


class BadRow(Exception):
    """One row cannot be trusted. `str(error)` is the place and the reason."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")


class BadRows(PublishedInputError, ValueError):
    """Rows that cannot be trusted. `rows` has a line for each, place first; the sentence shows the first 20."""

    def __init__(self, rows: Sequence[str]) -> None:
        self.rows = tuple(rows)
        more = len(rows) - SHOWN
        shown = [*rows[:SHOWN], *([f"and {more} more"] if more > 0 else [])]
        what = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
        super().__init__("\n  ".join([f"{what} cannot be trusted, so nothing was taken:", *shown]))
