"""Celery task of webhooks: it calls services and may run any number of times."""

from __future__ import annotations

from celery import shared_task

from measurements.webhooks import delivering, gathering


@shared_task(name="webhooks.run")
def run_webhooks() -> None:
    """Gather what happened, send what is due, forget what is old."""
    gathering.gather_events()
    delivering.deliver_due()
    delivering.forget_old()
