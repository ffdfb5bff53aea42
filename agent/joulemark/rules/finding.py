"""The output of a rule: its objection, its severity, and the numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

EvidenceValue = str | int | float | bool | None
"""A value of evidence, of a type that JSON has."""


class Severity(StrEnum):
    """The consequence of a finding for the result, the worst first."""

    REJECT = "reject"
    QUARANTINE = "quarantine"
    FLAG = "flag"


@dataclass(frozen=True)
class Broken:
    """A violation of a rule: a sentence, and the numbers behind it, by name."""

    sentence: str
    evidence: Mapping[str, EvidenceValue]


@dataclass(frozen=True)
class Finding:
    """One objection of a rule. `sentence` and `evidence` are for the volunteer and the reader."""

    code: str
    severity: Severity
    sentence: str
    evidence: Mapping[str, EvidenceValue] = field(default_factory=dict)
