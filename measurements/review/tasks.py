"""Celery tasks of review: each calls a service and may run any number of times."""

from __future__ import annotations

from celery import Task, shared_task
from django.conf import settings

from measurements.ledger.outgoing import OUTGOING
from measurements.review import replication, services
from measurements.review.cell_turns import pause_s
from measurements.review.fair_share import split_by_share
from measurements.review.judge_queue import send, take_up, unqueued
from measurements.review.judging_batches import BATCH_SIZE, in_batches, record_loss
from measurements.review.moves import Cause
from measurements.review.reported_runs import reported_since

WAITING_PER_SWEEP = 20_000
"""Results without a verdict that are in the queue at most after a sweep: more than workers judge until the next one."""
OUTDATED_PER_SWEEP = 1000
"""Results of an older version of the rules that one sweep queues; the next one goes on."""
CELLS_AT_ONCE = 500
"""Cells that one message compares anew; the next one goes on."""


@shared_task(bind=True, name="review.judge")
def judge(self: Task[..., None], result_ids: list[str], *, was_lost: bool = False) -> None:
    """Give submissions their verdicts; those that a process was lost over, in halves of their batch."""
    take_up(judge, result_ids)
    if _came_back(self):
        halves, was_lost = record_loss(result_ids), True
        if len(halves) > 1:
            for half in halves:
                send(judge, half, kwargs={"was_lost": True})
            return
    if (self.request.delivery_info or {}).get("routing_key") == settings.JUDGE_QUEUE and not was_lost:
        result_ids, later = split_by_share(result_ids)
        if later:
            send(judge, later, queue=settings.BACKLOG_QUEUE)
    services.judge_waiting(result_ids=result_ids, was_lost=was_lost)


@shared_task(bind=True, name="review.judge_again")
def judge_again(self: Task[..., None], result_ids: list[str], cause: str) -> None:
    """Judge submissions once more that have a verdict; those that a process was lost over, in halves."""
    take_up(judge_again, result_ids, cause)
    if _came_back(self):
        halves = record_loss(result_ids, states=services.states_judged_again(Cause(cause)))
        if len(halves) > 1:
            for half in halves:
                send(judge_again, half, cause)
            return
    services.judge_again(result_ids=result_ids, cause=Cause(cause))


def _came_back(task: Task[..., None]) -> bool:
    """Whether the process that had this message was lost."""
    return bool((task.request.delivery_info or {}).get("redelivered"))


@shared_task(name="review.compare")
def compare(result_ids: list[str]) -> None:
    """Compare the cells of these results anew, where their turn has come."""
    replication.compare_results(result_ids=result_ids, every_s=pause_s())


@shared_task(name="review.compare_due")
def compare_due() -> None:
    """Compare the cells that are marked, where their turn has come."""
    replication.compare_due(most=CELLS_AT_ONCE, every_s=pause_s())


@shared_task(name="review.sweep")
def sweep() -> int:
    """Queue again whatever waits too long, and what these rules have never seen; returns how many results.

    What is in the queue is not queued once more. Cells whose comparison a lost message has left behind are compared
    right here.
    """
    replication.compare_due(most=CELLS_AT_ONCE, every_s=pause_s())
    replication.compare_stale(most=CELLS_AT_ONCE, every_s=pause_s())
    limits = services.waiting_too_long(most=WAITING_PER_SWEEP)
    waiting = unqueued(judge, list(limits))
    outdated = unqueued(
        judge_again, services.outdated(most=OUTDATED_PER_SWEEP), new_rules := Cause.NEW_RULES.value
    )
    distrusted = unqueued(
        judge_again, services.distrusted(most=OUTDATED_PER_SWEEP), key_revoked := Cause.KEY_REVOKED.value
    )
    reported = unqueued(
        judge_again, reported_since(most=OUTDATED_PER_SWEEP), by_reports := Cause.REPORTED.value
    )
    for batch in in_batches((result_id, limits[result_id]) for result_id in waiting):
        send(judge, batch)
    for chunk in batched(distrusted):
        send(judge_again, chunk, key_revoked)
    for chunk in batched(reported):
        send(judge_again, chunk, by_reports)
    for chunk in batched(outdated):
        send(judge_again, chunk, new_rules)
    return len(waiting) + len(distrusted) + len(reported) + len(outdated)


@shared_task(name="review.judge_distrusted")
def judge_distrusted() -> None:
    """Judge again what revoked keys have signed."""
    for chunk in batched(services.distrusted(most=OUTDATED_PER_SWEEP)):
        services.judge_again(result_ids=chunk, cause=Cause.KEY_REVOKED)


def queue_distrusted(**_: object) -> None:
    """Queue what a revoked key has signed; while the queue cannot be reached, the sweep will find it."""
    OUTGOING.send(judge_distrusted, subject="results of a revoked key")


def queue_comparison(*, result_ids: list[str], **_: object) -> None:
    """Queue what may compare otherwise now; while the queue cannot be reached, the sweep will find it."""
    OUTGOING.send(compare, result_ids, subject=f"comparisons of {len(result_ids)} results")


def batched(result_ids: list[str]) -> list[list[str]]:
    """As many ids in a message as are judged in one transaction."""
    return [result_ids[start : start + BATCH_SIZE] for start in range(0, len(result_ids), BATCH_SIZE)]
