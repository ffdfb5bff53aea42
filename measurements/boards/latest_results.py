"""Writes which results came last: for each message where tasks run at once, else every few seconds with due cells."""

from __future__ import annotations

from django.db import transaction

from measurements.boards.latest_models import LatestResult
from measurements.concurrency.advisory_locks import key_of, lock_until_commit
from measurements.intake.models import Submission

LATEST = 8


@transaction.atomic
def refresh_latest_results() -> bool:
    """Write the results that came last, in whatever state, where they differ from what is stored; whether they did."""
    lock_until_commit([key_of("latest results")])
    current = [
        _row(place, submission)
        for place, submission in enumerate(
            Submission.objects.without_bytes()
            .select_related("result")
            .order_by("-received_at", "result_id")[:LATEST]
        )
    ]
    names = [field.attname for field in LatestResult._meta.concrete_fields]
    stored = list(LatestResult.objects.values_list(*names))
    if stored == [tuple(getattr(row, name) for name in names) for row in current]:
        return False
    LatestResult.objects.all().delete()
    LatestResult.objects.bulk_create(current)
    return True


def _row(place: int, submission: Submission) -> LatestResult:
    row = LatestResult(
        place=place,
        result_id=submission.result_id,
        state=submission.state,
        received_at=submission.received_at,
    )
    result = getattr(submission, "result", None)
    if result is not None:
        row.model_id, row.dataset_id = result.model_id, result.dataset_id
        row.energy_per_query_j = result.energy_per_query_j
        row.grade, row.scope = result.grade, result.scope
    return row
