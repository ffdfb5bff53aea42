"""Judging: a stored submission gets a verdict by the rules, and its numbers become a result."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from joulemark.record.errors import RecordError
from joulemark.rules.case import Finding, Severity
from joulemark.rules.judge import RULES_VERSION, Judgement, judge
from measurements.intake.models import State, Submission
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.review.cases import case_of
from measurements.review.derive import derive_result
from measurements.review.models import Verdict
from measurements.review.signals import verdict_given

logger = logging.getLogger(__name__)

TRIPS = (ArithmeticError, LookupError, TypeError, ValueError, DataError, IntegrityError, ObjectDoesNotExist)
"""What strange content can make the rules or the database raise. A database that is away is not among them: that
is tried again."""


def judge_submission(*, result_id: str) -> Verdict | None:
    """Give the verdict that a submission waits for; None when it has one, or another worker is at it.

    Safe to call any number of times: the row's lock and its state decide, not the message that called.
    """
    with transaction.atomic():
        submission = (
            Submission.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related(
                "key__contributor", "ticket__job__dataset__task", "ticket__job__model", "ticket__job__suite"
            )
            .filter(result_id=result_id, state=State.RECEIVED)
            .first()
        )
        if submission is None:
            return None
        verdict = _judge(submission)
        transaction.on_commit(lambda: _tell(result_id))
    logger.info("judged %s: %s", result_id[:12], verdict.state)
    return verdict


def _judge(submission: Submission) -> Verdict:
    judgement = _judgement(submission)
    submission.state = judgement.state
    submission.save(update_fields=["state"])
    leaf = append_leaf(
        kind=LeafKind.VERDICT,
        subject=submission.result_id,
        facts={
            "state": judgement.state,
            "rules": RULES_VERSION,
            "codes": [f.code for f in judgement.findings],
        },
    )
    return Verdict.objects.create(
        submission=submission,
        rules_version=RULES_VERSION,
        state=judgement.state,
        findings=[
            {"code": f.code, "severity": f.severity, "sentence": f.sentence} for f in judgement.findings
        ],
        judged_at=leaf.logged_at,
        leaf=leaf,
    )


def _judgement(submission: Submission) -> Judgement:
    """Ask the rules. Whatever they or the derivation trip over becomes a verdict too: no result waits for ever."""
    try:
        with transaction.atomic():
            case = case_of(submission)
            judgement = judge(case)
            if judgement.state != "rejected":
                derive_result(submission=submission, statement=case.statement)
            return judgement
    except RecordError as error:  # the stored bytes no longer decode or verify
        return Judgement("rejected", (Finding(error.code, Severity.REJECT, str(error)),))
    except TRIPS as error:
        logger.exception("the rules could not be applied to %s", submission.result_id)
        sentence = f"The rules could not be applied ({type(error).__name__}); a moderator looks at it."
        return Judgement("quarantined", (Finding("JM-JUDGE-FAILED", Severity.QUARANTINE, sentence),))


def waiting_too_long() -> list[str]:
    """Ids of submissions that have waited longer than settings.SWEEP_WAITING_LONGER_THAN_S, oldest first."""
    since = timezone.now() - timedelta(seconds=settings.SWEEP_WAITING_LONGER_THAN_S)
    return list(Submission.objects.waiting(since=since).values_list("result_id", flat=True)[:1000])


def _tell(result_id: str) -> None:
    verdict_given.send(sender=Submission, result_id=result_id)
