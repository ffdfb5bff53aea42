"""App configuration: a written leaf nudges the sequencer, and a new checkpoint those who ask witnesses."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings

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
        from measurements.ledger.signals import checkpoint_signed, leaf_written
        from measurements.ledger.tasks import ask_witnesses, sequence

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

        asking: Nudger[None] = Nudger(
            lambda _: ask_witnesses.delay(),
            name="witness-nudger",
            otherwise=lambda _: "queue is down, witnesses are asked by the beat",
            every_s=NUDGE_EVERY_S,
            max_waiting=1,
        )

        def nudge_witnesses(**_: Any) -> None:
            if settings.LOG_WITNESS_ADDRESSES and not ask_witnesses.app.conf.task_always_eager:
                asking.add(None)  # without a queue a thread of its own asks: no upload waits for a witness

        checkpoint_signed.connect(nudge_witnesses, weak=False, dispatch_uid="ledger.ask_witnesses")
        leaf_written.connect(nudge, weak=False, dispatch_uid="ledger.sequence")
