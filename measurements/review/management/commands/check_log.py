"""`manage.py check_log`: compare the log with itself and with the tables."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from measurements.ledger.models import Leaf
from measurements.review.audit import database_faults, faults


class Command(BaseCommand):
    """Print every fault; fail if there is one."""

    help = "Compare the log's leaves with their hashes and with the rows that they record; fails when anything differs."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What is left out."""
        parser.add_argument("--database", action="store_true", help="leave the log's files out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run all audits of the log and the tables. Raises CommandError when there is a fault."""
        n_faults = 0
        for fault in database_faults() if options["database"] else faults():
            n_faults += 1
            self.stderr.write(fault)
        if n_faults:
            raise CommandError(
                f"{n_faults} faults. Where rows do not fit, the database was changed behind the log: restore it from a "
                "backup. Where only files do not, `manage.py sequence_log` makes them again."
            )
        self.stdout.write(
            self.style.SUCCESS(f"{Leaf.objects.count()} leaves fit their hashes and their rows")
        )
