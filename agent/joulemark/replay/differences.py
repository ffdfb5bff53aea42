"""What a replay finds: one difference with its code, and how recomputed numbers are compared with published ones."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isclose
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TOLERANCE = 1e-9
"""Relative: floating-point libraries of two machines differ by some 1e-15, a published digit by far more."""

MOST_WORDS = 120
"""Characters of a value that a sentence quotes."""

WORDS_BESIDE = 4
"""Words on each side of those that differ, so that a reader finds them."""


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """One thing that is not as the evidence has it. `subject` is a file, a result, a cell or another row."""

    code: str
    subject: str
    sentence: str

    def to_json(self) -> dict[str, str]:
        """Its fields."""
        return asdict(self)


def is_same(published: Any, derived: Any) -> bool:
    """Whether a published value is the recomputed one: numbers to `TOLERANCE`, times as moments, all else equal."""
    if isinstance(published, bool) or isinstance(derived, bool):
        return published is derived
    if isinstance(published, int | float) and isinstance(derived, int | float):
        return published == derived or isclose(published, derived, rel_tol=TOLERANCE)
    if isinstance(published, datetime) and isinstance(derived, datetime):
        return _in_utc(published) == _in_utc(derived)
    if isinstance(published, dict) and isinstance(derived, dict):
        return published.keys() == derived.keys() and all(
            is_same(value, derived[name]) for name, value in published.items()
        )
    if isinstance(published, list | tuple) and isinstance(derived, list | tuple):
        return len(published) == len(derived) and all(map(is_same, published, derived))
    return bool(published == derived)


def differing(
    published: Mapping[str, Any], derived: Mapping[str, Any], names: Iterable[str]
) -> list[tuple[str, str, str]]:
    """Of the columns `names` those that differ: name, what is published, what follows."""
    return [
        (name, quoted(published[name]), quoted(derived[name]))
        for name in names
        if not is_same(published[name], derived[name])
    ]


def quoted(value: object) -> str:
    """A value as a sentence quotes it."""
    text = repr(value)
    return text if len(text) <= MOST_WORDS else text[: MOST_WORDS - 1] + "…"


def unlike(published: object, derived: object) -> tuple[str, str]:
    """Two values as a sentence quotes them; of two texts the words that differ, and a few beside them."""
    if not isinstance(published, str) or not isinstance(derived, str) or published == derived:
        return quoted(published), quoted(derived)
    words = published.split(), derived.split()
    shorter = min(map(len, words))
    start = next((place for place in range(shorter) if words[0][place] != words[1][place]), shorter)
    rest = shorter - start
    end = next((place for place in range(rest) if words[0][-1 - place] != words[1][-1 - place]), rest)
    first, second = (_around(text, start, len(text) - end) for text in words)
    return quoted(first), quoted(second)


def _around(words: list[str], start: int, end: int) -> str:
    """The words from `start` to `end` with `WORDS_BESIDE` on each side; … stands for those that are left out."""
    first, last = max(0, start - WORDS_BESIDE), min(len(words), end + WORDS_BESIDE)
    return " ".join([*(["…"] if first else []), *words[first:last], *(["…"] if last < len(words) else [])])


def _in_utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
