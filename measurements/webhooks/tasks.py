"""Celery task of webhooks: it calls services and may run any number of times."""

from __future__ import annotations

from celery import shared_task

from measurements.concurrency.advisory_locks import alone
from measurements.webhooks import delivering, gathering

LOCK = 0x4A4D_5748
"""Key of PostgreSQL's advisory lock: receivers that are slow hold one worker, and not each to which a run is given."""


@shared_task(name="webhooks.run")
def run_webhooks() -> None:
    """Gather what happened, send what is due, forget what is old; nothing when another worker is at it."""
    with alone(LOCK) as is_first:
        if not is_first:
            return
        gathering.gather_events()
        delivering.deliver_due()
        delivering.forget_old()
