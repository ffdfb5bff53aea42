"""`manage.py add_cosignature`: publish what a witness has signed."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from measurements.ledger.errors import LedgerError
from measurements.ledger.witnesses import add_cosignature


class Command(BaseCommand):
    """Read a co-signed checkpoint and publish its new lines."""

    help = "Add the lines of known witnesses in a co-signed checkpoint to the one that is published."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the note is."""
        parser.add_argument("file", help="the co-signed checkpoint; - reads standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify the cosignatures of a note, store and publish them. Raises CommandError."""
        try:
            data = sys.stdin.read() if options["file"] == "-" else Path(options["file"]).read_text()
            cosignatures = add_cosignature(note=data)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']} cannot be read: {error}") from error
        except LedgerError as error:
            raise CommandError(str(error)) from error
        for cosignature in cosignatures:
            name = cosignature.witness.partition("+")[0]
            self.stdout.write(self.style.SUCCESS(f"{name} has signed {cosignature.checkpoint_id} leaves"))
        if not cosignatures:
            self.stdout.write("These signatures are published already.")
