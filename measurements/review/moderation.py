"""Moderators' decisions: about a result, and about a key with all that it has signed."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from joulemark.rules.case import Case
from measurements.contributors.models import Key
from measurements.contributors.services import revoke_key
from measurements.intake.key_services import distrusted, revoked_facts
from measurements.intake.models import State, Submission
from measurements.intake.signals import key_distrusted
from measurements.ledger.facts import RowFacts
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.review.cases import cases_of
from measurements.review.hardware_names import confirm_reported_names
from measurements.review.models import Appeal, Moderation, Proposal, Result
from measurements.review.moves import Cause
from measurements.review.replication import cells_of, forget, touch
from measurements.review.result_row import Names, derive_result, store_results
from measurements.review.signals import states_changed
from measurements.review.states import move

DECIDABLE: dict[str, tuple[State, ...]] = {
    State.QUARANTINED: (State.ACCEPTED, State.REJECTED),
    State.ACCEPTED: (State.REJECTED,),
}
"""What a person may make of a result in each state; of any other nothing."""

APPEALED: dict[str, tuple[State, ...]] = {**DECIDABLE, State.REJECTED: (State.ACCEPTED, State.REJECTED)}
"""The same while an appeal is open: a rejection may be lifted, or stand."""


def open_appeal(submission: Submission) -> Appeal | None:
    """The appeal that waits for a decision."""
    return Appeal.objects.filter(submission=submission, decision=None).first()


def fault_of(*, submission: Submission, moderator: User, state: str) -> str | None:
    """Why `moderator` cannot move `submission` to `state`, or None."""
    appeal = open_appeal(submission)
    if state not in (APPEALED if appeal else DECIDABLE).get(submission.state, ()):
        return f"A result that is {submission.state} cannot be made {state} by hand."
    if appeal and any(moderator.pk in _persons(earlier) for earlier in submission.moderations.all()):
        return "An appeal is decided by somebody who had no part in the decision that it is about."
    if _is_rejection(submission, state):
        proposal = Proposal.objects.filter(submission=submission).first()
        if proposal is not None and proposal.moderator_id == moderator.pk:
            return "You have proposed to reject this; a second moderator must say so too."
    return None


@transaction.atomic
def decide(*, submission: Submission, moderator: User, state: State, reason: str) -> Moderation | Proposal:
    """Accept or reject. The first of two who reject makes a proposal. Raises ValidationError with `fault_of`."""
    submission = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("key__contributor")
        .get(pk=submission.pk)
    )
    if fault := fault_of(submission=submission, moderator=moderator, state=state):
        raise ValidationError(fault)
    proposal = Proposal.objects.select_for_update().filter(submission=submission).first()
    if _is_rejection(submission, state) and proposal is None:
        return Proposal.objects.create(
            submission=submission, moderator=moderator, reason=reason, proposed_at=timezone.now()
        )
    if state == State.ACCEPTED:
        _require_numbers(submission)
    second = proposal is not None and state == State.REJECTED
    decision = _write(
        submission, moderator, state, reason, proposed_by=proposal.moderator if second and proposal else None
    )
    if proposal is not None:
        proposal.delete()
    Appeal.objects.filter(submission=submission, decision=None).update(decision=decision)
    if submission.state != state:
        move([submission], state, cause=Cause.MODERATION, at=decision.decided_at)
    if state == State.ACCEPTED:
        forget(result_ids=[submission.pk])
        confirm_reported_names(
            [Result.objects.select_related("hardware_class").get(pk=submission.pk).hardware_class]
        )
    touch(cells_of([submission.pk]).values())
    transaction.on_commit(lambda: states_changed.send(sender=Submission, result_ids=[submission.result_id]))
    return decision


def _write(
    submission: Submission, moderator: User, state: State, reason: str, *, proposed_by: User | None
) -> Moderation:
    decision = Moderation(
        submission=submission,
        moderator=moderator,
        proposed_by=proposed_by,
        state=state,
        reason=reason,
        decided_at=timezone.now(),
    )
    decision.leaf = append_leaf(
        kind=LeafKind.MODERATION, subject=submission.result_id, facts=moderation_facts(decision)
    )
    decision.save()
    return decision


def moderation_facts(decision: Moderation) -> RowFacts:
    """The facts of a decision for the log: moderators are numbers, not names."""
    return {
        "state": str(decision.state),
        "reason": str(decision.reason),
        "moderators": [f"m{person}" for person in _persons(decision)],
        "at": decision.decided_at,
    }


def _persons(decision: Moderation) -> list[int]:
    return [person for person in (decision.proposed_by_id, decision.moderator_id) if person is not None]


def _is_rejection(submission: Submission, state: str) -> bool:
    """Whether this takes something away, for which one person is not enough; to let a rejection stand, one is."""
    return state == State.REJECTED and submission.state != State.REJECTED


def _require_numbers(submission: Submission) -> None:
    """A result that was rejected has no numbers yet. Raises ValidationError when it cannot have any."""
    if Result.objects.filter(pk=submission.pk).exists():
        return
    case = cases_of([submission])[submission.pk]
    if not isinstance(case, Case):
        raise ValidationError(f"Its bytes cannot be read as a result: {case}")
    try:
        store_results([derive_result(submission, case, Names([case]))])
    except LookupError as error:
        raise ValidationError(f"It is about something that this platform does not have: {error}.") from error


@transaction.atomic
def revoke(*, key: Key, moderator: User, since: datetime | None = None) -> int:
    """Revoke a key and have its results since `since` (None: all) judged again; returns how many."""
    locked_key = Key.objects.select_for_update(of=("self",)).get(pk=key.pk)
    revoke_key(key=locked_key, at=timezone.now(), since=since or locked_key.enrolled_at)
    append_leaf(
        kind=LeafKind.KEY_REVOKED,
        subject=locked_key.key_id,
        facts={**revoked_facts(locked_key), "moderators": [f"m{moderator.pk}"]},
    )
    transaction.on_commit(lambda: key_distrusted.send(sender=Key, key_id=locked_key.key_id))
    return distrusted(locked_key)
