"""Celery tasks of the log: each calls a service and may run any number of times."""

from __future__ import annotations

from celery import shared_task

from measurements.ledger import sequencer, witness_client


@shared_task(name="ledger.sequence", ignore_result=True)
def sequence() -> None:
    """Give waiting leaves their places and sign a checkpoint; nothing when another worker is at it."""
    sequencer.sequence()


@shared_task(name="ledger.ask_witnesses", ignore_result=True)
def ask_witnesses() -> None:
    """Ask witnesses to cosign the last checkpoint; nothing when another worker is at it."""
    witness_client.ask_witnesses()
