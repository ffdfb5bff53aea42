"""Celery tasks of review: each calls a service and may run any number of times."""

from __future__ import annotations

from celery import shared_task

from measurements.review import services


@shared_task(name="review.judge")
def judge(result_ids: list[str]) -> None:
    """Give submissions their verdicts, each in a transaction of its own."""
    for result_id in result_ids:
        services.judge_submission(result_id=result_id)


@shared_task(name="review.sweep")
def sweep() -> int:
    """Queue again whatever waits too long; returns how many."""
    waiting = services.waiting_too_long()
    for result_id in waiting:
        judge.delay([result_id])
    return len(waiting)
