"""Celery task of releases: it calls a service and may run any number of times."""

from __future__ import annotations

from celery import shared_task

TIME_LIMIT_S = 6 * 3600
"""A first release of a million results takes about an hour; ranges that are written stay."""


@shared_task(name="releases.publish", time_limit=TIME_LIMIT_S)
def publish() -> None:
    """Make a release where one is due; nothing while another worker is at it."""
    from measurements.releases import (
        services,  # the Parquet library is loaded by whoever writes a release alone
    )

    services.publish_due_release()
