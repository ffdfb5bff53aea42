"""From a case, or from bytes that make none, to a verdict: nothing in a result may keep it from getting one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from joulemark.record.errors import RecordError
from joulemark.rules.finding import Finding, Severity
from joulemark.rules.judge import Judgement, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from joulemark.rules.case import Case

logger = logging.getLogger(__name__)

TRIPS = (ArithmeticError, LookupError, TypeError, ValueError)
"""What strange content can make the rules raise."""

JUDGE_FAILED = "JM-JUDGE-FAILED"
"""The code of a verdict on a result to which the rules could not be applied."""

MAX_LOSSES = 3
"""Processes that a submission may cost while it is judged alone; then it is given up."""

LOST = f"the process that applied them was lost {MAX_LOSSES} times"
"""Why a result was given up, in its verdict and in the log."""


def judgement(case: Case | RecordError, *, name: str, by: Callable[[Case], Judgement] = judge) -> Judgement:
    """Apply the rules. Bytes that no longer decode or verify are rejected; an error in the rules quarantines.

    `name` is the result's id, for the program's own log.
    """
    if isinstance(case, RecordError):
        return Judgement("rejected", (Finding(case.code, Severity.REJECT, str(case)),))
    try:
        return by(case)
    except TRIPS as error:
        return tripped(name, error)


def tripped(name: str, error: Exception) -> Judgement:
    """The judgement of a result at which the rules stumbled."""
    logger.error("the rules could not be applied to %s", name, exc_info=error)
    return failed(type(error).__name__)


def failed(why: str) -> Judgement:
    """The judgement of a result to which the rules could not be applied, with the reason."""
    sentence = f"The rules could not be applied ({why}); a moderator looks at it."
    return Judgement("quarantined", (Finding(JUDGE_FAILED, Severity.QUARANTINE, sentence),))


def plain_findings(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """Findings as they are kept, published, and hashed for the log."""
    return [
        {
            "code": finding.code,
            "severity": str(finding.severity),
            "sentence": finding.sentence,
            "evidence": dict(finding.evidence),
        }
        for finding in findings
    ]
