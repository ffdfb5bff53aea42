"""What the doctor has to say: a code, what is wrong with which setting or service, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """`subject` is a variable, a file or a service; no text contains a value that may be secret."""

    code: str
    level: Level
    subject: str
    sentence: str
    remedy: str


def error(code: str, subject: str, sentence: str, remedy: str) -> Finding:
    """Something does not work, loses results, or is open to strangers."""
    return Finding(code, "error", subject, sentence, remedy)


def warning(code: str, subject: str, sentence: str, remedy: str) -> Finding:
    """Something works, and not as well or as safely as it could."""
    return Finding(code, "warning", subject, sentence, remedy)


class NotAsked(Exception):
    """A check cannot be made here and now; `str(error)` says why."""


@dataclass(frozen=True)
class Check:
    """`find` yields what it finds, and raises NotAsked where it cannot look."""

    name: str
    find: Callable[[], Iterator[Finding]]
