"""Requests of contributors about their own results: withdraw one, or appeal against a verdict.

Each write is idempotent by the digest of the bytes received: the same bytes, the same answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from joulemark.record import requests
from measurements.intake.door import open_envelope, record_envelope, was_recorded
from measurements.intake.idempotency import again_if_raced
from measurements.intake.models import UNJUDGED, State, Submission
from measurements.intake.refusals import Conflict, Forbidden
from measurements.ledger.facts import RowFacts
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.review.models import Appeal, Proposal, Withdrawal
from measurements.review.moves import Cause
from measurements.review.replication import cells_of, touch
from measurements.review.signals import states_changed
from measurements.review.states import can_become, move


@again_if_raced
def withdraw(*, data: bytes) -> Submission:
    """Withdraw a result, which then no longer counts. Bytes, verdicts and leaves stay."""
    opened = open_envelope(
        data, kind=requests.Withdrawal, payload_type=requests.WITHDRAWAL_TYPE, scope="request"
    )
    request = opened.message
    with transaction.atomic():
        submission = _own(request.result_id, contributor_id=opened.key.contributor_id)
        if was_recorded(opened):
            return submission
        record_envelope(opened, audience=request.audience, issued_at=request.issued_at, nonce=request.nonce)
        if not can_become(submission.state, State.WITHDRAWN):
            raise Conflict("JM-STATE", _cannot(submission, "withdrawn"))
        withdrawal = Withdrawal(submission=submission, reason=request.reason, withdrawn_at=timezone.now())
        withdrawal.leaf = append_leaf(
            kind=LeafKind.WITHDRAWAL, subject=submission.result_id, facts=withdrawal_facts(withdrawal)
        )
        withdrawal.save()
        move([submission], State.WITHDRAWN, cause=Cause.WITHDRAWAL, at=withdrawal.withdrawn_at)
        Proposal.objects.filter(submission=submission).delete()
        touch(cells_of([submission.pk]).values())
        transaction.on_commit(
            lambda: states_changed.send(sender=Submission, result_ids=[submission.result_id])
        )
    return submission


def withdrawal_facts(withdrawal: Withdrawal) -> RowFacts:
    """The facts of a withdrawal for the log."""
    return {"reason": withdrawal.reason, "at": withdrawal.withdrawn_at}


@again_if_raced
def appeal(*, data: bytes) -> Appeal:
    """Appeal against a verdict or decision, within settings.APPEAL_WINDOW_S of it.

    A key that was revoked can ask too: it may be what the appeal is about, and asking changes nothing.
    """
    opened = open_envelope(data, kind=requests.Appeal, payload_type=requests.APPEAL_TYPE, scope="request")
    request = opened.message
    with transaction.atomic():
        submission = _own(request.result_id, contributor_id=opened.key.contributor_id)
        if was_recorded(opened) and (earlier := submission.appeals.filter(words=request.words).last()):
            return earlier
        record_envelope(
            opened,
            audience=request.audience,
            issued_at=request.issued_at,
            nonce=request.nonce,
            ended_too=True,
        )
        now = timezone.now()
        _require_appealable(submission, now)
        appeal_row = Appeal(
            submission=submission,
            words=request.words,
            filed_at=now,
            decide_by=now + timedelta(seconds=settings.APPEAL_ANSWER_S),
        )
        appeal_row.leaf = append_leaf(
            kind=LeafKind.APPEAL, subject=submission.result_id, facts=appeal_facts(appeal_row)
        )
        appeal_row.save()
    return appeal_row


def appeal_facts(row: Appeal) -> RowFacts:
    """The facts of an appeal for the log: its time, and only the digest of its words."""
    return {"words_sha256": sha256(row.words.encode()).hexdigest(), "at": row.filed_at}


def _require_appealable(submission: Submission, now: datetime) -> None:
    """Raises Conflict (JM-STATE, JM-APPEAL-OPEN, JM-APPEAL-LATE)."""
    if submission.state not in {State.QUARANTINED, State.REJECTED}:
        raise Conflict("JM-STATE", _cannot(submission, "appealed against"))
    if submission.appeals.filter(decision=None).exists():
        raise Conflict(
            "JM-APPEAL-OPEN", "There is an appeal about this result already; wait until it is decided."
        )
    decided = [(verdict.leaf_id, verdict.judged_at) for verdict in submission.verdicts.all()]
    decided += [(decision.leaf_id, decision.decided_at) for decision in submission.moderations.all()]
    _, decided_at = max(decided)
    if decided_at + timedelta(seconds=settings.APPEAL_WINDOW_S) < now:
        days = settings.APPEAL_WINDOW_S // 86400
        raise Conflict(
            "JM-APPEAL-LATE", f"An appeal is taken within {days} days of the last decision. Measure again."
        )


def _own(result_id: str, *, contributor_id: int) -> Submission:
    """The result, locked. Raises Forbidden (JM-RESULT-OTHER) when it is not one of this contributor's."""
    submission = (
        Submission.objects.select_for_update(of=("self",))
        .without_bytes()
        .filter(pk=result_id, key__contributor=contributor_id)
        .first()
    )
    if submission is None:
        raise Forbidden(
            "JM-RESULT-OTHER", "This platform has no such result of yours; `joulemark status` lists them."
        )
    return submission


def _cannot(submission: Submission, what: str) -> str:
    if submission.state in UNJUDGED:
        return f"The result has no verdict yet and cannot be {what}; ask again in a minute."
    return f"A result that is {submission.state} cannot be {what}."
