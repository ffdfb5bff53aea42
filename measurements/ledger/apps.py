"""App configuration: a written leaf nudges the sequencer."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings


class LedgerConfig(AppConfig):
    """The append-only log: what happened, in order."""

    name = "measurements.ledger"
    verbose_name = "Ledger"

    def ready(self) -> None:
        """Connect the sequencer to the signal of new leaves."""
        from measurements.ledger.sequencer_queue import Nudger
        from measurements.ledger.signals import leaf_written
        from measurements.ledger.tasks import sequence

        nudger = Nudger(lambda: sequence.apply_async(expires=settings.SWEEP_MESSAGE_LIFE_S))

        def nudge(**_: Any) -> None:
            if sequence.app.conf.task_always_eager:
                sequence.delay()  # runs right here; a fault is logged and does not undo what was committed
            else:
                nudger.nudge()

        leaf_written.connect(nudge, weak=False, dispatch_uid="ledger.sequence")
