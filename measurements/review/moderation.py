"""Moderators' decisions: about a result, and about a key with all that it has signed."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from measurements.contributors.models import Key
from measurements.contributors.services import revoke_key
from measurements.intake.models import State, Submission
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.review.models import Moderation, ModerationReason
from measurements.review.signals import verdict_given

DECIDABLE: dict[str, tuple[State, ...]] = {
    State.QUARANTINED: (State.ACCEPTED, State.REJECTED),
    State.ACCEPTED: (State.REJECTED,),
}
"""What a person may make of a result in each state; of any other nothing."""


def fault_of(*, submission: Submission, state: str) -> str | None:
    """Why `submission` cannot be moved to `state` by hand, or None when it can."""
    if state in DECIDABLE.get(submission.state, ()):
        return None
    return f"A result that is {submission.state} cannot be made {state} by hand."


@transaction.atomic
def decide(*, submission: Submission, moderator: User, state: State, reason: str) -> Moderation:
    """Accept or reject what is quarantined, or reject what was accepted. Raises ValidationError for anything else."""
    held = Submission.objects.select_for_update(of=("self",)).without_bytes().get(pk=submission.pk)
    if fault := fault_of(submission=held, state=state):
        raise ValidationError(fault)
    held.state = state
    held.save(update_fields=["state"])
    leaf = append_leaf(
        kind=LeafKind.MODERATION, subject=held.result_id, facts={"state": state.value, "reason": reason}
    )
    transaction.on_commit(lambda: _tell(held.result_id))
    return Moderation.objects.create(
        submission=held, moderator=moderator, state=state, reason=reason, decided_at=leaf.logged_at, leaf=leaf
    )


@transaction.atomic
def revoke(*, key: Key, moderator: User) -> int:
    """Revoke a key and reject every result that it has signed and that counts or might; returns how many.

    What is still unjudged is rejected by the rule JM-KEY-REVOKED.
    """
    revoke_key(key=key)
    append_leaf(kind=LeafKind.KEY_REVOKED, subject=key.key_id, facts={})
    signed = key.submissions.without_bytes().filter(state__in=list(DECIDABLE))
    for submission in signed:
        decide(
            submission=submission,
            moderator=moderator,
            state=State.REJECTED,
            reason=ModerationReason.KEY_MISUSED,
        )
    return len(signed)


def _tell(result_id: str) -> None:
    verdict_given.send(sender=Submission, result_id=result_id)
