"""From stored submissions to cases for the rules: the bytes decoded again, with the context of the platform."""

from __future__ import annotations

from collections.abc import Sequence

from joulemark.record.bundle import parse, verified
from joulemark.record.errors import RecordError
from joulemark.record.trace import parse as parse_trace
from joulemark.rules.case import Case
from measurements.intake.models import Submission
from measurements.review.rule_context import RuleContext, own_facts


def cases_of(submissions: Sequence[Submission]) -> dict[str, Case | RecordError]:
    """Decode stored bytes, verifying signatures and digests again; by result id the case, or why there is none."""
    cases = {submission.pk: _read(submission) for submission in submissions}
    read = {result_id: case for result_id, case in cases.items() if isinstance(case, Case)}
    context = RuleContext.about(submissions, read)
    return {
        submission.pk: context.case(submission, case)
        if isinstance(case := cases[submission.pk], Case)
        else case
        for submission in submissions
    }


def _read(submission: Submission) -> Case | RecordError:
    """The case as its own bytes and row have it.

    The door has verified these bytes, and they are verified again: since then they lay in a database, and what rules
    say of edited bytes would go into the log under the contributor's name. A signature and three digests are a small
    part of a verdict's cost.
    """
    try:
        bundle = parse(bytes(submission.bundle))
        statement, raw_trace = verified(bundle, public_key=submission.key.public_key)
        return Case(statement, parse_trace(raw_trace), own_facts(submission))
    except RecordError as error:
        return error
