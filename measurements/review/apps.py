"""App configuration: a received submission nudges the judge."""

from __future__ import annotations

import logging
from typing import Any

from django.apps import AppConfig

logger = logging.getLogger(__name__)


class ReviewConfig(AppConfig):
    """Rules and verdicts: what becomes of an upload."""

    name = "measurements.review"
    verbose_name = "Review"

    def ready(self) -> None:
        """Listen at the door."""
        from measurements.intake.signals import submission_received

        submission_received.connect(nudge, dispatch_uid="review.judge")


def nudge(*, result_id: str, **_: Any) -> None:
    """Queue the verdict. A queue that is down loses nothing: the row waits and the sweeper finds it."""
    from kombu.exceptions import OperationalError

    from measurements.review.tasks import judge

    try:
        judge.delay(result_id)
    except OperationalError as error:
        logger.warning("queue is down, %s waits for the sweeper: %s", result_id[:12], error)
