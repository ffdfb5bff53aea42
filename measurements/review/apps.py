"""App configuration: a received submission nudges the judge."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Rules and verdicts: what becomes of an upload."""

    name = "measurements.review"
    verbose_name = "Review"

    def ready(self) -> None:
        """Listen at the door."""
        from measurements.intake.signals import submission_received
        from measurements.review.nudging import Nudger
        from measurements.review.tasks import judge

        nudger = Nudger(judge.delay)

        def nudge(*, result_id: str, **_: Any) -> None:
            if judge.app.conf.task_always_eager:
                nudger.send_now([result_id])  # tasks run right here, before the upload is answered
            else:
                nudger.add(result_id)

        submission_received.connect(nudge, weak=False, dispatch_uid="review.judge")
