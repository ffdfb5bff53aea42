"""The list of results: every submission in every state, with the codes of its verdict."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from measurements.intake.models import Submission
from measurements.review.models import Verdict

PER_PAGE = 50


def listed_submissions() -> QuerySet[Submission]:
    """Submissions, latest first, with what a line shows; their bytes stay in the database."""
    return (
        Submission.objects.without_bytes()
        .select_related(
            "key__contributor", "result__suite", "result__task", "result__dataset", "result__model"
        )
        .select_related("result__hardware_class")
        .prefetch_related(Prefetch("verdicts", queryset=Verdict.objects.order_by("id")))
        .order_by("-received_at", "result_id")
    )


def codes_of(submission: Submission) -> list[str]:
    """The codes of the verdict that stands, in order and without repetition."""
    verdicts = list(submission.verdicts.all())
    return list(dict.fromkeys(finding["code"] for finding in verdicts[-1].findings)) if verdicts else []
