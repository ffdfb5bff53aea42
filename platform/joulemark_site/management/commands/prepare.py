"""`manage.py prepare`: everything that a new or updated platform needs before it serves."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from joulemark_site.doctor.examination import print_findings
from measurements.boards.latest_results import refresh_latest_results
from measurements.intake.platform_key import KeyUnusable, announced, make_signing_key
from measurements.ledger.errors import KeyLost
from measurements.ledger.log_key import make_log_key
from measurements.monitoring.periodic_runs import expect_runs

STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("migrate", {"interactive": False, "verbosity": 0}),
    ("load_catalog", {}),
    ("load_published", {}),
    ("clearsessions", {}),
    ("collectstatic", {"interactive": False, "verbosity": 0}),
)


class Command(BaseCommand):
    """Migrate, load suites and the published study, collect static files. Safe to repeat."""

    help = (
        "Migrate the database, load the suites and the published study, collect static files; safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps in order and name each.

        Raises CommandError for a platform key that cannot be used, and for a database that does not answer.
        """
        print_findings(self.stderr)
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(
                f"The database does not answer: {str(error).splitlines()[0]}", returncode=2
            ) from error
        for name, arguments in STEPS:
            self.stdout.write(f"{name} ...")
            call_command(name, **arguments)
            if name == "migrate":
                self._make_key()
                expect_runs()
        refresh_latest_results()  # what the front page lists, of a platform that is updated
        self.stdout.write(self.style.SUCCESS("prepared"))

    def _make_key(self) -> None:
        """Make the keys that sign receipts and checkpoints, once; tables tell whether there ever were any."""
        self.stdout.write("keys ...")
        try:
            make_signing_key()
            make_log_key()
            announced()
        except (KeyUnusable, KeyLost) as error:
            raise CommandError(str(error)) from error
