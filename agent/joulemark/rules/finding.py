"""What comes of asking a rule: what is broken, how much it weighs, and the numbers that it is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Fact = str | int | float | bool | None
"""What evidence holds: JSON can say all of it."""


class Severity(StrEnum):
    """What a finding means for the result, the worst first."""

    REJECT = "reject"
    QUARANTINE = "quarantine"
    FLAG = "flag"


@dataclass(frozen=True)
class Broken:
    """What a rule says when it is broken: a sentence, and the numbers that it is about, by name."""

    sentence: str
    evidence: Mapping[str, Fact]


@dataclass(frozen=True)
class Finding:
    """One thing that a rule has to say. `sentence` and `evidence` are for the volunteer and the reader."""

    code: str
    severity: Severity
    sentence: str
    evidence: Mapping[str, Fact] = field(default_factory=dict)
