"""Why a submission is in its state: the rules of a verdict, a moderator or its contributor; the same in all lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Prefetch

from measurements.intake.models import State
from measurements.review.models import Moderation, Verdict, Withdrawal

if TYPE_CHECKING:
    from datetime import datetime

    from measurements.intake.models import Submission

FLAG = "flag"
"""The severity of a finding that leads to no state."""


@dataclass(frozen=True, kw_only=True)
class StateReason:
    """`codes` are those of the rules that led to the state; `moderation` or `withdrawal` is the person's who did."""

    codes: tuple[str, ...]
    moderation: Moderation | None
    withdrawal: Withdrawal | None
    stated_at: datetime | None

    @property
    def words(self) -> str:
        """A person's reason; "" where rules alone led to the state."""
        person = self.withdrawal or self.moderation
        return person.get_reason_display() if person else ""


def reason_of(submission: Submission, *, state: str, until: datetime | None = None) -> StateReason:
    """The last reason for a state, of those that were there at a time; `submission` was read with `reasons_of`."""
    if state == State.WITHDRAWN:
        withdrawal: Withdrawal | None = getattr(submission, "withdrawal", None)
        return StateReason(
            codes=(),
            moderation=None,
            withdrawal=withdrawal,
            stated_at=withdrawal.withdrawn_at if withdrawal else None,
        )
    verdict = next(
        (
            each
            for each in reversed(submission.verdicts.all())
            if each.state == state and (until is None or each.judged_at <= until)
        ),
        None,
    )
    moderation = next(
        (
            each
            for each in reversed(submission.moderations.all())
            if each.state == state and (until is None or each.decided_at <= until)
        ),
        None,
    )
    findings = verdict.findings if verdict else []
    codes = dict.fromkeys(finding["code"] for finding in findings if finding["severity"] != FLAG)
    judged_at = verdict.judged_at if verdict else None
    return StateReason(
        codes=tuple(codes),
        moderation=moderation,
        withdrawal=None,
        stated_at=moderation.decided_at if moderation else judged_at,
    )


def reasons_of(through: str = "") -> tuple[Prefetch[str], ...]:
    """What `reason_of` reads, in their order, of submissions that the lookup `through` leads to."""
    return (
        Prefetch(f"{through}verdicts", queryset=Verdict.objects.order_by("id")),
        Prefetch(f"{through}moderations", queryset=Moderation.objects.order_by("id")),
    )
