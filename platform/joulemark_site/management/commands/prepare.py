"""`manage.py prepare`: everything that a new or updated platform needs before it serves."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection

from joulemark_site.doctor.examination import print_findings
from measurements.boards.latest_results import refresh_latest_results
from measurements.intake.platform_key import KeyUnusable, announced, make_signing_key
from measurements.ledger.errors import KeyLost
from measurements.ledger.log_key import make_log_key
from measurements.monitoring.periodic_runs import expect_runs

COLLECT = "collectstatic"
STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("migrate", {"interactive": False, "verbosity": 0}),
    ("load_catalog", {}),
    ("load_published", {}),
    ("clearsessions", {}),
    (COLLECT, {"interactive": False, "verbosity": 0}),
)


class Command(BaseCommand):
    """Migrate, load suites and the published study, collect static files. Safe to repeat."""

    help = (
        "Migrate the database, load the suites and the published study, collect static files; safe to repeat."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the option that leaves one step out."""
        parser.add_argument(
            "--keep-static",
            action="store_true",
            help="leave out collectstatic: the static files of this version are in their folder already",
        )

    def handle(self, *args: Any, keep_static: bool = False, **options: Any) -> None:
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
            if name == COLLECT and keep_static:
                continue
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
