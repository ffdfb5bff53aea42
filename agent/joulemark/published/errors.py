"""Errors of the readers of published figures, each with a sentence that says where and why.

PublishedInputError
├── UnreadableInput     a file, or the map beside it, is not what the reader reads
└── BadRows             rows that cannot be trusted: every one with its place and reason
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_LISTED = 20


class PublishedInputError(Exception):
    """A file of published figures cannot be used; nothing of it was taken."""


class UnreadableInput(PublishedInputError, ValueError):
    """The file as a whole is not what the reader reads."""


Rule = Literal[
    "unreadable", "not-a-number", "ambiguous", "parts", "no-gpu-energy", "nothing-read", "implausible", "twice",
    "no-model", "unsaid", "schema",
]  # fmt: skip
"""Why a row cannot be trusted, in a word by which such rows can be left out. `schema`: its publisher's own rules."""


class BadRow(Exception):
    """One row cannot be trusted. `str(error)` is the place and the reason, which says what to do where it can.

    `file_wide`: the same is true of every row of the file, so that it is said once.
    """

    def __init__(
        self, where: str, reason: str, *, rule: Rule = "unreadable", file_wide: bool = False
    ) -> None:
        super().__init__(f"{where}: {reason}")
        self.where, self.reason, self.rule, self.file_wide = where, reason, rule, file_wide


class BadRows(PublishedInputError, ValueError):
    """Rows that cannot be trusted. `rows` has a line for each, place first; what is true of a whole file has one.

    The sentence shows the first 20, and how to go on without them.
    """

    def __init__(self, problems: Sequence[BadRow]) -> None:
        self.rows = tuple(_lines(problems))
        more = len(self.rows) - MAX_LISTED
        listed = [*self.rows[:MAX_LISTED], *([f"and {more} more"] if more > 0 else [])]
        what = "1 row" if len(problems) == 1 else f"{len(problems)} rows"
        lines = [f"{what} cannot be trusted, so nothing was taken:", *listed]
        single = [problem for problem in problems if not problem.file_wide]
        if single:
            rules = ", ".join(sorted({problem.rule for problem in single}))
            lines.append(
                f"Mend them, or go on without them: --leave-out-rows with a place ({single[0].where}), with a rule "
                f"({rules}), or with the word untrusted. They are then counted and shown."
            )
        super().__init__("\n  ".join(lines))


def _lines(problems: Sequence[BadRow]) -> list[str]:
    counts = Counter((file_of(problem.where), problem.reason) for problem in problems if problem.file_wide)
    lines: dict[str, None] = {}
    for problem in problems:
        if not problem.file_wide or counts[file_of(problem.where), problem.reason] == 1:
            lines[str(problem)] = None
            continue
        file = file_of(problem.where)
        lines[f"{file}: {problem.reason} ({counts[file, problem.reason]} rows)"] = None
    return list(lines)


def file_of(where: str) -> str:
    """The file in a place such as `emissions.csv:12`."""
    return where.rpartition(":")[0]
