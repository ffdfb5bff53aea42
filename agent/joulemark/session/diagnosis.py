"""One line of what `joulemark doctor` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from joulemark.meters.check import CheckState
from joulemark.record.statement import Grade

FindingState = Literal[Grade, CheckState]


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """One line of the doctor's table."""

    area: Literal["meter", "gpu", "device", "folder", "key", "platform", "workload"]
    what: str
    state: FindingState
    detail: str
    mend: str | None = None
    reason: str | None = None
    value: str | float | bool | None = None
