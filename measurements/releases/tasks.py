"""Celery task of releases: it calls a service and may run any number of times."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings


@shared_task(name="releases.publish", time_limit=settings.RELEASE_LIMIT_S)
def publish() -> None:
    """Make a release where one is due; nothing while another worker is at it.

    Ranges that a killed one has written stay.
    """
    from measurements.releases import (
        services,  # the Parquet library is loaded by whoever writes a release alone
    )

    services.publish_due_release()
