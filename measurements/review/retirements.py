"""What no longer counts: results that were rejected, and those that their contributors took back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measurements.review.listing import listed_submissions
from measurements.review.state_reasons import reasons_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from measurements.intake.models import State, Submission
    from measurements.ledger.release_entries import ReleaseEntries, ReleaseSpan


def retired_submissions(state: State) -> QuerySet[Submission]:
    """Those of one of `RETIRED`, the latest received first, with the reason of each (`state_reasons`)."""
    _, moderations = reasons_of()  # verdicts are in every list
    return (
        listed_submissions()
        .filter(state=state)
        .select_related("withdrawal__leaf", "leaf")
        .prefetch_related(moderations)
    )


def releases_before_withdrawal(submission: Submission, releases: ReleaseEntries) -> ReleaseSpan | None:
    """Of these releases, those that count a withdrawn result as it was before; all that hold one that is not withdrawn.

    None where there is none.
    """
    withdrawal = getattr(submission, "withdrawal", None)
    return releases.holding(submission.leaf.index, without=withdrawal.leaf.index if withdrawal else None)
