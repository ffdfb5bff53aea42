"""`manage.py prepare`: everything that a new or updated platform needs before it serves."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

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
        """Run the steps in order and name each."""
        for name, arguments in STEPS:
            self.stdout.write(f"{name} ...")
            call_command(name, **arguments)
        self.stdout.write(self.style.SUCCESS("prepared"))
