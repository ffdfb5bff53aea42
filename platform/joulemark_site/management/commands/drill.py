"""`manage.py drill FOLDER`: does this backup bring the platform back?"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joulemark_site.backup.drill import try_backup


class Command(BaseCommand):
    """Restore a backup beside the platform, check and compare it, and print a table."""

    help = (
        "Restore a backup into a database and folders that end with the command, check its log and its rows, and "
        "compare it with its manifest. Nothing of this platform is touched."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which backup."""
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="one backup, not the folder of all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Try the backup. Raises CommandError where a step fails."""
        fault = ""
        for step in try_backup(options["folder"].resolve()):
            fault = step.fault
            self.stdout.write(
                f"{step.name:10} {step.seconds:6.1f} s  {'FAILED: ' if fault else ''}{fault or step.outcome}"
            )
        if fault:
            raise CommandError(
                "This backup does not bring the platform back; take another one, and try that."
            )
        self.stdout.write(self.style.SUCCESS("This backup brings the platform back."))
