"""App configuration: a written leaf nudges the sequencer."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig

NUDGE_EVERY_S = 1.0
"""A process asks for the sequencer this often at most."""


class LedgerConfig(AppConfig):
    """The append-only log: what happened, in order."""

    name = "measurements.ledger"
    verbose_name = "Ledger"

    def ready(self) -> None:
        """Connect the sequencer to the signal of new leaves, and let the log read its own rows."""
        from measurements.concurrency.nudger import Nudger
        from measurements.ledger.gaps import register_readers
        from measurements.ledger.signals import leaf_written
        from measurements.ledger.tasks import sequence

        register_readers()
        nudger: Nudger[None] = Nudger(
            lambda _: sequence.delay(),
            name="log-nudger",
            otherwise=lambda _: "queue is down, leaves wait for the next turn of the sequencer",
            every_s=NUDGE_EVERY_S,
            max_waiting=1,  # one more message is enough for all leaves that come while one is on its way
        )

        def nudge(**_: Any) -> None:
            if sequence.app.conf.task_always_eager:
                sequence.delay()  # runs right here; a fault is logged and does not undo what was committed
            else:
                nudger.add(None)

        leaf_written.connect(nudge, weak=False, dispatch_uid="ledger.sequence")
