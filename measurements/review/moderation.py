"""A moderator's decision about a quarantined submission."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from measurements.intake.models import State, Submission
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.review.models import Moderation
from measurements.review.signals import verdict_given


@transaction.atomic
def decide(*, submission: Submission, moderator: User, state: State, reason: str) -> Moderation:
    """Accept or reject what the rules have quarantined. Raises ValidationError for a submission in another state."""
    held = Submission.objects.select_for_update(of=("self",)).without_bytes().get(pk=submission.pk)
    if held.state != State.QUARANTINED:
        raise ValidationError(f"Only quarantined results are decided by hand; this one is {held.state}.")
    held.state = state
    held.save(update_fields=["state"])
    leaf = append_leaf(
        kind=LeafKind.MODERATION, subject=held.result_id, facts={"state": state.value, "reason": reason}
    )
    transaction.on_commit(lambda: _tell(held.result_id))
    return Moderation.objects.create(
        submission=held, moderator=moderator, state=state, reason=reason, decided_at=leaf.logged_at, leaf=leaf
    )


def _tell(result_id: str) -> None:
    verdict_given.send(sender=Submission, result_id=result_id)
