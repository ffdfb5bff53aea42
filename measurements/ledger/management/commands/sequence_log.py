"""`manage.py sequence_log`: what Celery beat does every few seconds, once and by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from measurements.ledger.errors import LedgerError
from measurements.ledger.sequencer import sequence


class Command(BaseCommand):
    """Sequence what waits and print the checkpoint."""

    help = "Give waiting leaves their places, write the log's files and sign a checkpoint; safe to repeat."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Sequence the log once and print the checkpoint. Raises CommandError."""
        try:
            checkpoint = sequence()
        except LedgerError as error:
            raise CommandError(str(error)) from error
        if checkpoint is None:
            raise CommandError("Another process is sequencing; try again in a moment.")
        self.stdout.write(checkpoint.published_note, ending="")
