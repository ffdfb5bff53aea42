"""The book of attacks: each has a name, what is sent, and what must come of it; `make attacks` prints it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Literal

Kind = Literal["refused", "rejected", "quarantined", "harmless", "found"]
"""Refused at the door, judged, of no effect, or found by an audit from outside."""

SO = frozenset({"JM-TICKET-NONE", "JM-DEVICE-UNKNOWN"})
"""Flags that say what is so, and nothing against a result."""


@dataclass(frozen=True)
class Outcome:
    """What came of an attack. `how` says what made it harmless."""

    kind: Kind
    codes: frozenset[str] = frozenset()
    how: str = ""


@dataclass(frozen=True)
class Attack:
    """A line of the table."""

    name: str
    file: str
    expected: Outcome


@dataclass
class Book:
    """What was attacked in this run, and what came of it."""

    attacks: dict[str, Attack] = field(default_factory=dict)
    seen: dict[str, Outcome] = field(default_factory=dict)

    def said(self, test: str) -> tuple[int, int, str, str, str, bool]:
        """What came of one: its place by file and within it, its line's three columns, and whether it must be so."""
        one, seen = self.attacks[test], self.seen[test]
        what = ", ".join(sorted(seen.codes)) or one.expected.how
        place = list(self.attacks).index(test)
        return FILES.index(one.file), place, one.name, seen.kind, what, seen == one.expected


BOOK = Book()
FILES = ("test_doors", "test_sessions", "test_low_estimates", "test_controls", "test_crowd", "test_operator")
"""Where attacks are, in the order of the table."""
Test = Callable[..., "Outcome | None"]


def attack(name: str, kind: Kind, *codes: str, how: str = "") -> Callable[[Test], Callable[..., None]]:
    """Declare a test as an attack: it returns the outcome, which must be exactly this."""
    expected = Outcome(kind, frozenset(codes), how)

    def declare(test: Test) -> Callable[..., None]:
        BOOK.attacks[test.__name__] = Attack(name, test.__module__.rpartition(".")[2], expected)

        @wraps(test)
        def run(*args: object, **kwargs: object) -> None:
            found = test(*args, **kwargs) or Outcome("harmless")
            found = Outcome(found.kind, found.codes - SO, how)
            BOOK.seen[test.__name__] = found
            assert found == expected, f"{name}: {found.kind} {sorted(found.codes)}"

        return run

    return declare


def lines() -> list[str]:
    """The table in Markdown, by file and within it in the order in which the attacks were declared."""
    rows = ["| Attack | Outcome | Code, or what makes it harmless |", "|---|---|---|"]
    for one in sorted(BOOK.attacks.values(), key=lambda one: FILES.index(one.file)):
        codes = ", ".join(f"`{code}`" for code in sorted(one.expected.codes))
        rows.append(
            f"| {one.name} | {one.expected.kind} | {'; '.join(filter(None, (codes, one.expected.how)))} |"
        )
    return rows
