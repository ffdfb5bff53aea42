"""`manage.py prepare`: everything that a new or updated platform needs before it serves."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from joulemark.record.errors import RecordError
from measurements.intake.platform_key import signing_key

STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("migrate", {"interactive": False, "verbosity": 0}),
    ("load_catalog", {}),
    ("load_published", {}),
    ("collectstatic", {"interactive": False, "verbosity": 0}),
)


class Command(BaseCommand):
    """Migrate, load suites and the published study, collect static files. Safe to repeat."""

    help = (
        "Migrate the database, load the suites and the published study, collect static files; safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps in order and name each. Raises CommandError for a platform key that is none."""
        self.stdout.write("platform key ...")
        try:
            signing_key()
        except (OSError, RecordError, ValueError) as error:
            raise CommandError(
                f"{settings.PLATFORM_KEY_FILE} holds no usable Ed25519 key: restore it from a backup. ({error})"
            ) from error
        for name, arguments in STEPS:
            self.stdout.write(f"{name} ...")
            call_command(name, **arguments)
        self.stdout.write(self.style.SUCCESS("prepared"))
