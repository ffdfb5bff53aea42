"""Is anything left waiting? The numbers behind the alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone

from measurements.intake.models import UNJUDGED, State, Submission
from measurements.ledger.health import unsigned_leaves
from measurements.review.models import Appeal


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How many wait for one thing, how long the oldest has waited, and how long it may. Seconds."""

    what: str
    count: int
    oldest_s: float
    limit_s: float

    @property
    def is_alarm(self) -> bool:
        """Whether somebody must look."""
        return self.oldest_s > self.limit_s


def waiting() -> tuple[Waiting, ...]:
    """Verdicts, moderators' looks at quarantined results, appeals, and leaves without a checkpoint that wait."""
    now = timezone.now()
    unsigned, oldest = unsigned_leaves()
    appeals = Appeal.objects.filter(decision=None).aggregate(n=Count("pk"), oldest=Min("filed_at"))
    return (
        _of_results("verdict", UNJUDGED, limit_s=settings.WAITING_ALARM_S, now=now),
        _of_results("moderator", (State.QUARANTINED,), limit_s=settings.QUARANTINE_ALARM_S, now=now),
        Waiting(
            what="appeal",
            count=appeals["n"],
            oldest_s=_age(appeals["oldest"], now),
            limit_s=settings.APPEAL_ANSWER_S,
        ),
        Waiting(what="checkpoint", count=unsigned, oldest_s=_age(oldest, now), limit_s=settings.LOG_ALARM_S),
    )


def _of_results(what: str, states: tuple[str, ...], *, limit_s: float, now: datetime) -> Waiting:
    totals = Submission.objects.filter(state__in=states).aggregate(n=Count("pk"), oldest=Min("received_at"))
    return Waiting(what=what, count=totals["n"], oldest_s=_age(totals["oldest"], now), limit_s=limit_s)


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(now - since, timedelta()).total_seconds()
