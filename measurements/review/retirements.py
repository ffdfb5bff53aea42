"""What no longer counts: results that were rejected, and those that their contributors took back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Prefetch

from measurements.intake.models import State, Submission
from measurements.review.listing import listed_submissions
from measurements.review.models import Moderation, Verdict, Withdrawal

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


@dataclass(frozen=True, kw_only=True)
class Retirement:
    """Why one submission does not count, and since when.

    `codes` are those of the rules that rejected it; `reason` is a moderator's, or its contributor's who withdrew it.
    """

    submission: Submission
    retired_at: datetime | None
    codes: list[str]
    moderation: Moderation | None
    withdrawal: Withdrawal | None


def retired_submissions(state: State) -> QuerySet[Submission]:
    """Those of one of `RETIRED`, the latest received first."""
    moderations = Moderation.objects.order_by("id")
    return (
        listed_submissions()
        .filter(state=state)
        .select_related("withdrawal")
        .prefetch_related(Prefetch("moderations", queryset=moderations))
    )


def retirement_of(submission: Submission) -> Retirement:
    """Why a submission out of `retired_submissions` does not count."""
    withdrawal = getattr(submission, "withdrawal", None)
    verdict: Verdict | None = next(reversed(submission.verdicts.all()), None)
    rejected = [row for row in submission.moderations.all() if row.state == State.REJECTED]
    moderation = rejected[-1] if rejected else None
    if withdrawal is not None:
        return Retirement(
            submission=submission,
            retired_at=withdrawal.withdrawn_at,
            codes=[],
            moderation=None,
            withdrawal=withdrawal,
        )
    codes = (
        [] if verdict is None else [each["code"] for each in verdict.findings if each["severity"] != "flag"]
    )
    decided_at = moderation.decided_at if moderation else None
    return Retirement(
        submission=submission,
        retired_at=decided_at or (verdict.judged_at if verdict else None),
        codes=list(dict.fromkeys(codes)),
        moderation=moderation,
        withdrawal=None,
    )
