"""App configuration: a received submission nudges the judge, and a changed state the comparison."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig

MAX_IDS = 64
"""Ids in one message at most."""
NUDGE_EVERY_S = 1.0
"""A message that is not full leaves this often at most."""


class ReviewConfig(AppConfig):
    """Rules and verdicts: what becomes of an upload."""

    name = "measurements.review"
    verbose_name = "Review"

    def ready(self) -> None:
        """Listen at the door, and let the log read this room's rows."""
        from celery.signals import task_revoked

        from measurements.concurrency.message_headers import REQUEST_IDS
        from measurements.concurrency.nudger import Nudger
        from measurements.intake.signals import key_distrusted, submission_received, submission_restored
        from measurements.review.judge_queue import send, unmark_expired
        from measurements.review.log_facts import register_readers
        from measurements.review.lost_decisions import follow_submission, register_restorers
        from measurements.review.signals import states_changed
        from measurements.review.tasks import judge, queue_comparison, queue_distrusted

        register_readers()
        register_restorers()
        nudger: Nudger[tuple[str, str]] = Nudger(
            lambda uploads: send(
                judge,
                [result_id for result_id, _ in uploads],
                headers={REQUEST_IDS: sorted({request_id for _, request_id in uploads if request_id})},
            ),
            name="judge-nudger",
            otherwise=lambda uploads: f"queue is down, {len(uploads)} results wait for the sweeper",
            max_items=MAX_IDS,
            every_s=NUDGE_EVERY_S,
            flushes_at_exit=True,
        )

        def nudge(*, result_id: str, request_id: str = "", **_: Any) -> None:
            upload = (result_id, request_id)
            if judge.app.conf.task_always_eager:
                nudger.send_now([upload])  # tasks run right here, before the upload is answered
            else:
                nudger.add(upload)

        submission_received.connect(nudge, weak=False, dispatch_uid="review.judge")
        submission_restored.connect(follow_submission, dispatch_uid="review.submission_restored")
        states_changed.connect(queue_comparison, dispatch_uid="review.compare")
        key_distrusted.connect(queue_distrusted, dispatch_uid="review.key_distrusted")
        task_revoked.connect(unmark_expired, dispatch_uid="review.unmark_expired")
