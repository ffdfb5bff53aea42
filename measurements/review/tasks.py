"""Celery tasks of review: each calls a service and may run any number of times."""

from __future__ import annotations

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from measurements.review import replication, services
from measurements.review.models import Cause

logger = logging.getLogger(__name__)

OUTDATED_AT_ONCE = 1000
"""Results of an older version of the rules that one sweep queues; the next one goes on."""
CELLS_AT_ONCE = 500
"""Cells that one sweep compares anew; the next one goes on."""


@shared_task(name="review.judge")
def judge(result_ids: list[str]) -> None:
    """Give submissions their verdicts."""
    services.judge_waiting(result_ids=result_ids)


@shared_task(name="review.judge_again")
def judge_again(result_ids: list[str], cause: str) -> None:
    """Judge submissions once more that have a verdict."""
    services.judge_again(result_ids=result_ids, cause=Cause(cause))


@shared_task(name="review.compare")
def compare(result_ids: list[str]) -> None:
    """Compare the cells of these results anew."""
    replication.compare_results(result_ids=result_ids)


@shared_task(name="review.sweep")
def sweep() -> int:
    """Queue again whatever waits too long, and what these rules have never seen; returns how many results.

    Cells whose comparison a lost message has left behind are compared right here.
    """
    replication.compare_stale(most=CELLS_AT_ONCE)
    waiting, outdated = services.waiting_too_long(), services.outdated(most=OUTDATED_AT_ONCE)
    distrusted = services.distrusted(most=OUTDATED_AT_ONCE)
    for chunk in batched(waiting):
        judge.delay(chunk)
    for chunk in batched(distrusted):
        judge_again.delay(chunk, Cause.KEY_REVOKED.value)
    for chunk in batched(outdated):
        judge_again.delay(chunk, Cause.NEW_RULES.value)
    return len(waiting) + len(distrusted) + len(outdated)


def queue_distrusted(**_: object) -> None:
    """Queue what a revoked key has signed; while the queue cannot be reached, the sweep will find it."""
    try:
        for chunk in batched(services.distrusted(most=OUTDATED_AT_ONCE)):
            judge_again.delay(chunk, Cause.KEY_REVOKED.value)
    except OperationalError as error:
        logger.warning("results of a revoked key wait for the sweep: the queue cannot be reached (%s)", error)


def queue_comparison(*, result_ids: list[str], **_: object) -> None:
    """Queue what may compare otherwise now; while the queue cannot be reached, the sweep will find it."""
    try:
        compare.delay(result_ids)
    except OperationalError as error:
        logger.warning(
            "comparisons of %d results wait for the sweep: the queue cannot be reached (%s)",
            len(result_ids),
            error,
        )


def batched(result_ids: list[str]) -> list[list[str]]:
    """As many ids in a message as are judged in one transaction."""
    return [
        result_ids[start : start + services.TOGETHER]
        for start in range(0, len(result_ids), services.TOGETHER)
    ]
