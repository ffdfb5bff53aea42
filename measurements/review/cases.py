"""From stored submissions to cases for the rules: the bytes decoded again, with the context of the platform."""

from __future__ import annotations

from collections.abc import Sequence

from joulemark.record.bundle import parse, verified
from joulemark.record.errors import RecordError
from joulemark.record.limits import MAX_TRACE_BYTES
from joulemark.record.statement import Statement
from joulemark.record.trace import parse as parse_trace
from joulemark.rules.case import Case
from measurements.intake.models import Submission
from measurements.review.rule_context import RuleContext, own_facts

DECODED_BYTES = MAX_TRACE_BYTES
"""Raw traces that are decoded at once have so many bytes at most: a decoded trace takes about ten times as many."""


def cases_of(submissions: Sequence[Submission]) -> dict[str, Case | RecordError]:
    """Decode stored bytes, verifying signatures and digests again; by result id the case, or why there is none.

    Of the first submissions in their order, at least one, as long as their raw traces have DECODED_BYTES or less
    together.
    """
    cases: dict[str, Case | RecordError] = {}
    total = 0
    for submission in submissions:
        try:
            statement, raw_trace = _verified(submission)
            total += len(raw_trace)
            if cases and total > DECODED_BYTES:
                break
            cases[submission.pk] = Case(statement, parse_trace(raw_trace), own_facts(submission))
        except RecordError as error:
            cases[submission.pk] = error
    first = submissions[: len(cases)]
    read = {result_id: case for result_id, case in cases.items() if isinstance(case, Case)}
    context = RuleContext.about(first, read)
    return {
        submission.pk: context.case(submission, case)
        if isinstance(case := cases[submission.pk], Case)
        else case
        for submission in first
    }


def _verified(submission: Submission) -> tuple[Statement, bytes]:
    """The statement and the raw trace of stored bytes. Raises RecordError.

    The door has verified these bytes, and they are verified again: since then they lay in a database, and what rules
    say of edited bytes would go into the log under the contributor's name. A signature and three digests are a small
    part of a verdict's cost.
    """
    return verified(parse(bytes(submission.bundle)), public_key=submission.key.public_key)
