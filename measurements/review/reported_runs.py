"""Results that were put aside for the runs announced beside them, and are judged again once those are reported.

Who measures with many cards at once announces all runs before the first is reported: the first results look like the
best of many until the others have come.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Subquery, TextField
from django.db.models.functions import Cast

from measurements.intake.models import State, Submission
from measurements.review.announced_runs import NONE, runs_before
from measurements.review.judging_batches import BATCH_SIZE
from measurements.review.models import Moderation, Verdict
from measurements.review.moves import Cause
from measurements.review.sweep_position import ROWS_PER_SWEEP, next_rows

CODE = "JM-BEST-OF"


def reported_since(*, most: int) -> list[str]:
    """Ids of results, `most` at most, whose last verdict was JM-BEST-OF and would not be any more.

    Those that a moderator has decided on, or that were judged again for this before, are not among them.
    """
    quarantined = Submission.objects.filter(state=State.QUARANTINED, ticket__isnull=False)
    of_this = Verdict.objects.filter(submission=OuterRef("pk"))
    last_findings = of_this.annotate(text=Cast("findings", TextField())).order_by("-id").values("text")[:1]
    waiting = (
        next_rows("review.reported", quarantined, most=ROWS_PER_SWEEP)
        .annotate(last_findings=Subquery(last_findings))
        .filter(last_findings__contains=f'"{CODE}"')
        .exclude(Exists(of_this.filter(cause=Cause.REPORTED)))
        .exclude(Exists(Moderation.objects.filter(submission=OuterRef("pk"))))
        .without_bytes()
        .order_by("leaf_id")
    )
    rows, due = list(waiting), list[str]()
    for start in range(0, len(rows), BATCH_SIZE):
        some = rows[start : start + BATCH_SIZE]
        runs = runs_before(some)
        due += [row.pk for row in some if not runs.get(row.pk, NONE).may_be_selected]
        if len(due) >= most:
            break
    return due[:most]
