"""Decisions about results that a restore lost: made again from their entries, where these hold all of them.

Verdicts are not: their findings are not in the log, and the rules give them again. A moderator's decision is, as long
as the result has a verdict to decide about and the moderator an account; else somebody must decide again.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from measurements.intake.models import UNJUDGED, State, Submission
from measurements.ledger.gap_rows import register_restorer, restore_rows
from measurements.ledger.models import Leaf, LeafKind
from measurements.review.models import Moderation, Proposal, Result, Withdrawal
from measurements.review.moves import Cause
from measurements.review.replication import cells_of, touch
from measurements.review.signals import states_changed
from measurements.review.states import can_become, move


def restore_withdrawal(leaf: Leaf) -> bool:
    """The result no longer counts, by its contributor's own word."""
    submission = Submission.objects.without_bytes().filter(pk=leaf.subject).first()
    if submission is None or not can_become(submission.state, State.WITHDRAWN):
        return False
    facts = leaf.entry().facts
    at = datetime.fromisoformat(str(facts["at"]))
    Withdrawal.objects.create(submission=submission, reason=str(facts["reason"]), withdrawn_at=at, leaf=leaf)
    Proposal.objects.filter(submission=submission).delete()
    _move(submission, State.WITHDRAWN, Cause.WITHDRAWAL, at)
    return True


def restore_moderation(leaf: Leaf) -> bool:
    """What a moderator decided, where all who did have accounts."""
    facts = leaf.entry().facts
    submission = Submission.objects.without_bytes().filter(pk=leaf.subject).first()
    persons = [int(name.removeprefix("m")) for name in facts["moderators"]]  # type: ignore[union-attr]  # a list of names
    state = State(str(facts["state"]))
    if submission is None or submission.state in UNJUDGED or submission.state == State.WITHDRAWN:
        return False
    if User.objects.filter(pk__in=persons).count() < len(persons):
        return False
    if state == State.ACCEPTED and not Result.objects.filter(pk=submission.pk).exists():
        return False
    at = datetime.fromisoformat(str(facts["at"]))
    *proposers, moderator = persons
    Moderation.objects.create(
        submission=submission,
        moderator_id=moderator,
        proposed_by_id=proposers[0] if proposers else None,
        state=state,
        reason=str(facts["reason"]),
        decided_at=at,
        leaf=leaf,
    )
    Proposal.objects.filter(submission=submission).delete()
    if submission.state != state:
        _move(submission, state, Cause.MODERATION, at)
    return True


def _move(submission: Submission, state: State, cause: Cause, at: datetime) -> None:
    move([submission], state, cause=cause, at=at)
    touch(cells_of([submission.pk]).values())
    transaction.on_commit(lambda: states_changed.send(sender=Submission, result_ids=[submission.result_id]))


def follow_submission(*, submission: Submission, **_: object) -> None:
    """A lost result came back: if its contributor had withdrawn it, it is withdrawn again."""
    lost = Leaf.objects.filter(
        kind=LeafKind.WITHDRAWAL, subject=submission.pk, index__isnull=False, withdrawal__isnull=True
    )
    restore_rows(lost)


def register_restorers() -> None:
    """Register what can be restored of decisions."""
    register_restorer(LeafKind.WITHDRAWAL, restore_withdrawal)
    register_restorer(LeafKind.MODERATION, restore_moderation)
