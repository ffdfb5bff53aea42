"""Is anything left waiting? The numbers behind the alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, QuerySet
from django.utils import timezone

from joulemark.rules.verdicts import MAX_LOSSES
from measurements.intake.models import UNJUDGED, State, Submission
from measurements.ledger.health import unsigned_leaves
from measurements.review.models import Appeal, Transition

COUNTED_ROWS = 10_000
"""So many are counted at most: a monitor needs no more to see that a queue is long."""
NAMED = 20
"""Results that health names at most."""
IN_JUDGING = 500
"""Results in judging that are looked at, the latest that came: more than workers take up at once."""


@dataclass(frozen=True, kw_only=True)
class QueueWait:
    """How many wait for one thing, how long the oldest has waited, and how long it may. Seconds.

    `count` is `COUNTED_ROWS` where there are as many or more.
    """

    what: str
    count: int
    oldest_s: float
    limit_s: float

    @property
    def is_alarm(self) -> bool:
        """Whether somebody must look."""
        return self.oldest_s > self.limit_s


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Results that have cost a process that judged them, up to `COUNTED_ROWS`, and the most that one has cost."""

    n_results: int
    most: int


def waiting() -> tuple[QueueWait, ...]:
    """Verdicts, results in judging, moderators' looks, appeals, and leaves without a checkpoint that wait."""
    now = timezone.now()
    unsigned, oldest = unsigned_leaves(at_most=COUNTED_ROWS)
    appeals = Appeal.objects.filter(decision=None).order_by("filed_at")
    return (
        _of_results("verdict", UNJUDGED, limit_s=settings.WAITING_ALARM_S, now=now),
        _in_judging(now),
        _of_results("moderator", (State.QUARANTINED,), limit_s=settings.QUARANTINE_ALARM_S, now=now),
        _of_rows("appeal", appeals, "filed_at", limit_s=settings.APPEAL_ANSWER_S, now=now),
        QueueWait(
            what="checkpoint", count=unsigned, oldest_s=_age(oldest, now), limit_s=settings.LOG_ALARM_S
        ),
    )


def given_up() -> list[str]:
    """Ids of results, oldest first, at most `NAMED`, that cost a process whenever they were judged and wait aside."""
    aside = Submission.objects.filter(state=State.QUARANTINED, losses__gte=MAX_LOSSES).order_by("received_at")
    return list(aside.values_list("result_id", flat=True)[:NAMED])


def attempts() -> Attempts:
    """What judging has cost in processes so far, of results that have not been judged since."""
    rows = Submission.objects.filter(losses__gt=0).order_by("received_at")[:COUNTED_ROWS]
    losses = list(rows.values_list("losses", flat=True))
    return Attempts(n_results=len(losses), most=max(losses, default=0))


def _in_judging(now: datetime) -> QueueWait:
    """Results that a worker has taken up, since when each was: a worker that hangs keeps them, one that died too."""
    rows = Submission.objects.filter(state=State.CHECKING).order_by("-received_at")
    ids = list(rows.values_list("pk", flat=True)[:IN_JUDGING])
    moves = Transition.objects.filter(submission__in=ids, after=State.CHECKING).order_by()
    latest = moves.values_list("submission").annotate(at=Max("moved_at"))
    taken_up = [at for _, at in latest] if ids else []
    return QueueWait(
        what="judging",
        count=len(ids),
        oldest_s=_age(min(taken_up, default=None), now),
        limit_s=settings.JUDGING_ALARM_S,
    )


def _of_results(what: str, states: tuple[str, ...], *, limit_s: float, now: datetime) -> QueueWait:
    waiting = Submission.objects.filter(state__in=states).order_by("received_at")
    return _of_rows(what, waiting, "received_at", limit_s=limit_s, now=now)


def _of_rows(what: str, rows: QuerySet[Any], since: str, *, limit_s: float, now: datetime) -> QueueWait:
    """Of rows that wait, the first of which waits longest; where none does, nothing is counted."""
    oldest = rows.values_list(since, flat=True).first()
    count = 0 if oldest is None else rows[:COUNTED_ROWS].count()
    return QueueWait(what=what, count=count, oldest_s=_age(oldest, now), limit_s=limit_s)


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(now - since, timedelta()).total_seconds()
