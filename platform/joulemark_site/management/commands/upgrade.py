"""`manage.py upgrade`: from the data of an earlier release to this one, with a backup before and a check behind."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from joulemark_site import maintenance
from joulemark_site.maintenance import Maintenance, Mode
from joulemark_site.schema_check import schema_faults
from joulemark_site.upgrade_plan import Step, upgrade_plan
from measurements.boards.services import refresh_stale_cells

if TYPE_CHECKING:
    from collections.abc import Iterator


class Command(BaseCommand):
    """Backs up, closes the platform if it must, migrates, compares tables with models, refreshes, says what is next."""

    help = (
        "Bring the platform's data up to this code: back up, prepare, check. While migrations run that the processes "
        "of the code before cannot bear, the platform answers 503, and agents wait. Then restart the processes."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the backup goes, or that there is none."""
        parser.add_argument("--plan", action="store_true", help="only print the migrations; change nothing")
        backup = parser.add_mutually_exclusive_group()
        backup.add_argument(
            "--backup-to", metavar="FOLDER", help="back up into a new folder in this one first"
        )
        backup.add_argument("--no-backup", action="store_true", help="there is a backup already")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError where a step fails; the platform then stays in the mode that it was put into."""
        steps = upgrade_plan(connection)
        for step in steps:
            self.stdout.write(f"{step.name}: {'; '.join(step.breaking) or 'the code before can go on'}")
        if options["plan"]:
            self.stdout.write(f"{len(steps)} migrations to run")
            return
        if not (options["backup_to"] or options["no_backup"]):
            raise CommandError(
                "Say where the backup goes, --backup-to FOLDER, or that you have one, --no-backup."
            )
        if options["backup_to"]:
            call_command("backup", options["backup_to"], stdout=self.stdout)
        with self._closed_for(steps):
            call_command("prepare", stdout=self.stdout)
            self._require_schema()
        self.stdout.write("values that lack what this code shows of them ...")
        refresh_stale_cells()
        self.stdout.write(
            self.style.SUCCESS(
                "The data fit this code. Restart every process (web, workers, beat), then look at /readyz; "
                "CHANGELOG.md lists under “Action required” what else there is to do."
            )
        )

    @contextmanager
    def _closed_for(self, steps: list[Step]) -> Iterator[None]:
        """Closed while a migration runs that the code before cannot bear, and afterwards as it was before."""
        if not any(step.breaking for step in steps) or maintenance.current() is not None:
            yield
            return
        self.stdout.write("closing the platform")
        maintenance.begin(Maintenance(mode=Mode.CLOSED, ends_at=None))
        yield
        maintenance.end()

    def _require_schema(self) -> None:
        faults = schema_faults()
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(
                f"JM-SCHEMA-FAULT The database differs from the models in {len(faults)} places, although every "
                "migration is recorded. Restore the backup and report the lines above; do not edit the database."
            )
