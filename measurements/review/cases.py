"""From stored submissions to the cases that the rules look at: bytes decoded again, and what we know beside them."""

from __future__ import annotations

from collections.abc import Sequence

from joulemark.record.bundle import parse, verified
from joulemark.record.errors import RecordError
from joulemark.record.statement import Statement
from joulemark.record.trace import Trace
from joulemark.record.trace import parse as parse_trace
from joulemark.rules.case import Case
from measurements.intake.models import Submission
from measurements.review.known import Known


def cases_of(submissions: Sequence[Submission]) -> dict[str, Case | RecordError]:
    """Decode stored bytes, verifying signatures and digests again; by result id the case, or why it no longer fits."""
    found = {submission.pk: _read(submission) for submission in submissions}
    read = {result_id: one for result_id, one in found.items() if not isinstance(one, RecordError)}
    known = Known.about(submissions, read)
    return {
        submission.pk: one
        if isinstance(one := found[submission.pk], RecordError)
        else known.case(submission, *one)
        for submission in submissions
    }


def _read(submission: Submission) -> tuple[Statement, Trace] | RecordError:
    try:
        bundle = parse(bytes(submission.bundle))
        statement, raw_trace = verified(bundle, public_key=submission.key.public_key)
        return statement, parse_trace(raw_trace)
    except RecordError as error:
        return error
