"""What no longer counts: results that were rejected, and those that their contributors took back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measurements.review.listing import listed_submissions
from measurements.review.state_reasons import reasons_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from measurements.intake.models import State, Submission


def retired_submissions(state: State) -> QuerySet[Submission]:
    """Those of one of `RETIRED`, the latest received first, with the reason of each (`state_reasons`)."""
    _, moderations = reasons_of()  # verdicts are in every list
    return listed_submissions().filter(state=state).select_related("withdrawal").prefetch_related(moderations)
