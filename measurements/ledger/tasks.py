"""Celery task of the log: it calls a service and may run any number of times."""

from __future__ import annotations

from celery import shared_task

from measurements.ledger import sequencer


@shared_task(name="ledger.sequence", ignore_result=True)
def sequence() -> None:
    """Give waiting leaves their places and sign a checkpoint; nothing when another worker is at it."""
    sequencer.sequence()
