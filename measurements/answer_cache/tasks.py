"""What runs behind a request. A message is a nudge: an answer that is not renewed is computed for its next reader."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from measurements.answer_cache.renewal import renew_answers


@shared_task(name="answer_cache.renew")
def renew() -> None:
    """Compute the answers at hot addresses that have changed."""
    renew_answers(every_s=max(1, settings.ANSWER_RENEWAL_S - 1))  # less than from one message to the next
