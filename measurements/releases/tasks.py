"""Celery task of releases: it calls a service and may run any number of times."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from measurements.releases.schedule import is_release_due


@shared_task(name="releases.publish", time_limit=settings.RELEASE_LIMIT_S)
def publish() -> None:
    """Make a release where one is due; nothing while another worker is at it.

    Ranges that a killed one has written stay.
    """
    if is_release_due():
        from measurements.releases import services  # loads the Parquet library, of a hundred megabytes

        services.publish_due_release()
