"""What contributors ask about results of their own: to withdraw one, or to have a person look at a verdict.

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
from measurements.review.models import Appeal, Cause, Proposal, Withdrawal
from measurements.review.signals import states_changed
from measurements.review.states import can_become, move


@again_if_raced
def withdraw(*, data: bytes) -> Submission:
    """Have a result count no more. Bytes, verdicts and leaves stay."""
    opened = open_envelope(
        data, kind=requests.Withdrawal, payload_type=requests.WITHDRAWAL_TYPE, scope="request"
    )
    request = opened.message
    with transaction.atomic():
        held = _own(request.result_id, contributor_id=opened.key.contributor_id)
        if was_recorded(opened):
            return held
        record_envelope(opened, audience=request.audience, issued_at=request.issued_at, nonce=request.nonce)
        if not can_become(held.state, State.WITHDRAWN):
            raise Conflict("JM-STATE", _cannot(held, "withdrawn"))
        made = Withdrawal(submission=held, reason=request.reason, withdrawn_at=timezone.now())
        made.leaf = append_leaf(
            kind=LeafKind.WITHDRAWAL, subject=held.result_id, facts=withdrawal_facts(made)
        )
        made.save()
        move([held], State.WITHDRAWN, cause=Cause.WITHDRAWAL, at=made.withdrawn_at)
        Proposal.objects.filter(submission=held).delete()
        transaction.on_commit(lambda: states_changed.send(sender=Submission, result_ids=[held.result_id]))
    return held


def withdrawal_facts(withdrawal: Withdrawal) -> RowFacts:
    """What the log keeps of a withdrawal."""
    return {"reason": withdrawal.reason, "at": withdrawal.withdrawn_at}


@again_if_raced
def appeal(*, data: bytes) -> Appeal:
    """Ask that a person looks at a verdict or decision again, within settings.APPEAL_WINDOW_S of it.

    A key that was revoked can ask too: it may be what the appeal is about, and asking changes nothing.
    """
    opened = open_envelope(data, kind=requests.Appeal, payload_type=requests.APPEAL_TYPE, scope="request")
    request = opened.message
    with transaction.atomic():
        held = _own(request.result_id, contributor_id=opened.key.contributor_id)
        if was_recorded(opened) and (known := held.appeals.filter(words=request.words).last()):
            return known
        record_envelope(
            opened,
            audience=request.audience,
            issued_at=request.issued_at,
            nonce=request.nonce,
            ended_too=True,
        )
        now = timezone.now()
        _require_appealable(held, now)
        made = Appeal(
            submission=held,
            words=request.words,
            filed_at=now,
            decide_by=now + timedelta(seconds=settings.APPEAL_ANSWER_S),
        )
        made.leaf = append_leaf(kind=LeafKind.APPEAL, subject=held.result_id, facts=appeal_facts(made))
        made.save()
    return made


def appeal_facts(made: Appeal) -> RowFacts:
    """What the log keeps of an appeal: that it was made, and of its words only their digest."""
    return {"words_sha256": sha256(made.words.encode()).hexdigest(), "at": made.filed_at}


def _require_appealable(held: Submission, now: datetime) -> None:
    """Raises Conflict (JM-STATE, JM-APPEAL-OPEN, JM-APPEAL-LATE)."""
    if held.state not in {State.QUARANTINED, State.REJECTED}:
        raise Conflict("JM-STATE", _cannot(held, "appealed against"))
    if held.appeals.filter(decision=None).exists():
        raise Conflict(
            "JM-APPEAL-OPEN", "There is an appeal about this result already; wait until it is decided."
        )
    decided = [(verdict.leaf_id, verdict.judged_at) for verdict in held.verdicts.all()]
    decided += [(decision.leaf_id, decision.decided_at) for decision in held.moderations.all()]
    _, decided_at = max(decided)
    if decided_at + timedelta(seconds=settings.APPEAL_WINDOW_S) < now:
        days = settings.APPEAL_WINDOW_S // 86400
        raise Conflict(
            "JM-APPEAL-LATE", f"An appeal is taken within {days} days of the last decision. Measure again."
        )


def _own(result_id: str, *, contributor_id: int) -> Submission:
    """The result, locked. Raises Forbidden (JM-RESULT-OTHER) when it is not one of this contributor's."""
    held = (
        Submission.objects.select_for_update(of=("self",))
        .without_bytes()
        .filter(pk=result_id, key__contributor=contributor_id)
        .first()
    )
    if held is None:
        raise Forbidden(
            "JM-RESULT-OTHER", "This platform has no such result of yours; `joulemark status` lists them."
        )
    return held


def _cannot(held: Submission, what: str) -> str:
    if held.state in UNJUDGED:
        return f"The result has no verdict yet and cannot be {what}; ask again in a minute."
    return f"A result that is {held.state} cannot be {what}."
