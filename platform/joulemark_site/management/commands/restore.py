"""`manage.py restore FOLDER_OR_URL`: bring a platform back from a backup."""

from __future__ import annotations

import contextlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joulemark_site.backup.errors import BackupError
from joulemark_site.backup.restore import Restored, restore_backup
from joulemark_site.backup.transfer import fetched, is_address
from joulemark_site.management.commands.backup import read_token
from measurements.ledger.errors import LedgerError
from measurements.ledger.recovery import resume


class Command(BaseCommand):
    """Restore, and go on with the log where a place confirms that nothing newer was signed."""

    help = (
        "Restore a backup that `manage.py backup` took. Stop every other process first. Everything is verified before "
        "anything is touched; a platform that holds results is not overwritten without --replace."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which backup, and what it may replace."""
        parser.add_argument("place", metavar="FOLDER_OR_URL", help="one backup, not the folder of all")
        parser.add_argument(
            "--replace", action="store_true", help="also over a database with results and over other keys"
        )
        parser.add_argument(
            "--token-file", type=Path, metavar="FILE", help="a bearer token for the URL, in a file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore the backup. Raises CommandError; of the log only where nothing was restored."""
        place = options["place"]
        source = (
            fetched(place, token=read_token(options["token_file"]))
            if is_address(place)
            else contextlib.nullcontext(Path(place).resolve())
        )
        try:
            with source as folder:
                restored = restore_backup(folder, replace=options["replace"])
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self._report(restored)

    def _report(self, restored: Restored) -> None:
        manifest = restored.manifest
        self.stdout.write(
            self.style.SUCCESS(
                f"restored the backup of {manifest.created_at.isoformat(timespec='seconds')}, "
                f"{manifest.rows.get('intake_submission', 0)} results"
            )
        )
        if not restored.is_log_restored:
            self.stdout.write("The log's folder was left as it is: it is not older than the backup.")
        try:
            resume(may_leave_gap=False)
        except LedgerError as error:
            self.stdout.write(
                self.style.WARNING(
                    f"THE LOG WAITS: {error}\nThe platform can be started: it shows everything, and signs and receives "
                    "nothing until `manage.py resume_log`."
                )
            )
            return
        self.stdout.write("The log goes on: nothing newer was signed.")
