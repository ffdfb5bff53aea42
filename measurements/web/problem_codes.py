"""The codes of problem documents with their status, and what each means and asks for, in English as the API answers.

docs/rules.md has the same table for readers of the repository; a test compares the two.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "problem_codes.csv"


@dataclass(frozen=True, kw_only=True)
class ProblemCode:
    """A code, the HTTP status that it comes with, and the sentence; names between backticks are code."""

    code: str
    status: int
    meaning: str


@cache
def problem_codes() -> tuple[ProblemCode, ...]:
    """Every code, in the order of docs/rules.md."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            ProblemCode(code=row["code"], status=int(row["status"]), meaning=row["meaning"])
            for row in csv.DictReader(file)
        )


def codes_of_status(status: int) -> list[ProblemCode]:
    """The codes that come with one status."""
    return [row for row in problem_codes() if row.status == status]
