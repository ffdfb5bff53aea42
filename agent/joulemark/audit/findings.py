"""What an audit finds wrong, and what it tells at its end. docs/rules.md explains every code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from joulemark.log.checkpoints import Checkpoint
    from joulemark.log.notes import VerifierKey


@dataclass(frozen=True, kw_only=True)
class AuditFinding:
    """One thing that does not fit: `index` is the log's entry and `result_id` the result that it is about, if any."""

    code: str
    sentence: str
    index: int | None = None
    result_id: str | None = None
    is_missing: bool = False
    """Nothing is shown where something was logged; what is shown is not otherwise than logged."""


@dataclass(frozen=True, kw_only=True)
class LogGap:
    """The platform was restored from a backup: of entries `start` to `end` (without it) it may have lost the rows.

    `index` is the entry that says so, and `at` the time in it.
    """

    index: int
    start: int
    end: int
    at: str


class InvalidLog(Exception):
    """The log itself does not hold, so that nothing in it can be believed; the audit ends here."""

    def __init__(self, code: str, sentence: str, *, index: int | None = None) -> None:
        super().__init__(sentence)
        self.finding = AuditFinding(code=code, sentence=sentence, index=index)


@dataclass(kw_only=True)
class AuditReport:
    """What was looked at and what came of it.

    `old_size` is the size that the last audit kept. `waiting` counts results that are being judged (again) and `kinds`
    the entries that were read. `lost` is what is missing of entries in `gaps`, which the log itself names.
    `evidence` is a file with the signed checkpoints that do not fit each other.
    """

    origin: str
    log_key: VerifierKey
    trust: str
    checkpoint: Checkpoint
    old_size: int | None = None
    kinds: Counter[str] = field(default_factory=Counter)
    bundles: int = 0
    suites: int = 0
    states: int = 0
    waiting: int = 0
    listed: int = 0
    witnesses: list[tuple[str, datetime]] = field(default_factory=list)
    findings: list[AuditFinding] = field(default_factory=list)
    gaps: list[LogGap] = field(default_factory=list)
    lost: list[AuditFinding] = field(default_factory=list)
    evidence: Path | None = None
