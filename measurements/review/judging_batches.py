"""Which submissions are judged together, and what follows when the process that judged them is lost.

A batch is bounded by number and by bytes. Some content may kill the process that reads it, and nobody knows which: so
a batch that was lost with its process is judged again in halves, until the one is alone. What was lost alone
`MAX_LOSSES` times is given up, and gets a verdict without being read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Least, Length
from django.utils import timezone

from joulemark.rules.verdicts import MAX_LOSSES
from measurements.concurrency.advisory_locks import key_of, session_locks
from measurements.intake.models import UNJUDGED, State, Submission
from measurements.review.moves import Cause
from measurements.review.states import move

BATCH_SIZE = 64
"""Submissions in one transaction at most."""

BATCH_BYTES = 8 * 1024 * 1024
"""Bytes of bundles in one transaction at most. What their traces inflate to is bounded where they are decoded."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Submissions that are ours to judge, in batches; `given_up` are those that are not to be read again."""

    batches: list[list[str]]
    given_up: list[str]


@contextmanager
def judged_alone(result_ids: Sequence[str]) -> Iterator[list[str]]:
    """Those of these submissions that nobody else judges now; nobody begins with them before the block ends.

    It ends with this process at the latest, so that what a dead one had taken up is free at once, which a state in the
    row would not tell. No row is held meanwhile, and no transaction open. On SQLite nobody is kept away: what two have
    judged, the first to write gives its verdict.
    """
    if connection.vendor != "postgresql":
        yield list(result_ids)
        return
    keys = {key_of(f"judging {result_id}"): result_id for result_id in result_ids}
    with session_locks(keys) as ours:
        yield [result_id for key, result_id in keys.items() if key in ours]


@transaction.atomic
def claim(result_ids: Sequence[str], *, was_lost: bool = False) -> Claim:
    """Mark submissions as taken up, so that everyone sees it.

    They are ours by `judged_alone`. `was_lost` says that whoever took them up before is gone. One that was taken up
    long ago and has no verdict was lost too. So this commit does not wait for the disk: a claim that is lost in a crash
    of the server was never made, and a verdict that is kept has its claim before it in the server's journal.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO OFF")
    overdue = timezone.now() - timedelta(seconds=settings.SWEEP_WAITING_LONGER_THAN_S)
    free = Q(state=State.RECEIVED) | Q(state=State.CHECKING, received_at__lte=overdue)
    submissions = list(
        Submission.objects.without_bytes()
        .select_for_update(skip_locked=True, of=("self",))
        .filter(Q(state__in=UNJUDGED) if was_lost else free, result_id__in=result_ids)
        .order_by("result_id")
    )
    sizes = dict(
        Submission.objects.filter(pk__in=[submission.pk for submission in submissions]).values_list(
            "pk", Length("bundle")
        )
    )
    if not was_lost:
        _halve([submission for submission in submissions if submission.state == State.CHECKING])
    fresh = [submission for submission in submissions if submission.state == State.RECEIVED]
    move(fresh, State.CHECKING, cause=Cause.CHECK, at=timezone.now())
    return Claim(
        batches=_bounded(
            (submission.pk, sizes[submission.pk], submission.batch_limit)
            for submission in submissions
            if submission.losses < MAX_LOSSES
        ),
        given_up=[submission.pk for submission in submissions if submission.losses >= MAX_LOSSES],
    )


@transaction.atomic
def record_loss(result_ids: Sequence[str], *, states: Sequence[State] = (State.CHECKING,)) -> list[list[str]]:
    """The process that judged these together was lost: return the halves in which they are to be judged now.

    `states` are those in which they waited for it. Of a single one the loss is counted.
    """
    taken_up = Submission.objects.filter(state__in=states, result_id__in=result_ids)
    half = max(len(result_ids) // 2, 1)
    taken_up.update(
        batch_limit=Least(F("batch_limit"), half), losses=F("losses") + (1 if len(result_ids) == 1 else 0)
    )
    return [list(result_ids[start : start + half]) for start in range(0, len(result_ids), half)]


def forget_losses(judged: Sequence[Submission]) -> None:
    """They have been read and judged: whatever was lost before was not their doing."""
    suspected = [row.pk for row in judged if row.losses or row.batch_limit < BATCH_SIZE]
    if suspected:
        Submission.objects.filter(pk__in=suspected).update(batch_limit=BATCH_SIZE, losses=0)


def in_batches(waiting: Iterable[tuple[str, int]]) -> list[list[str]]:
    """Return ids, each given with the largest batch that it may be in, in batches that keep to it."""
    return _bounded((result_id, 0, limit) for result_id, limit in waiting)


def _halve(lost: Sequence[Submission]) -> None:
    """What a sweep finds lost: nobody knows how many were judged together, so each may be in half as many as before."""
    for submission in lost:
        submission.losses += submission.batch_limit <= 1
        submission.batch_limit = max(submission.batch_limit // 2, 1)
    Submission.objects.bulk_update(lost, ["batch_limit", "losses"])


def _bounded(rows: Iterable[tuple[str, int, int]]) -> list[list[str]]:
    """Return ids in batches, from ids with their bytes and the largest batch that each may be in."""
    return list(_batches(sorted(rows, key=lambda row: -row[2])))


def _batches(rows: Sequence[tuple[str, int, int]]) -> Iterator[list[str]]:
    batch: list[str] = []
    total = 0
    for result_id, size, limit in rows:
        if batch and (len(batch) >= min(limit, BATCH_SIZE) or total + size > BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(result_id)
        total += size
    if batch:
        yield batch
