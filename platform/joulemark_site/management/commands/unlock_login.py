"""`manage.py unlock_login NAME`: forget the wrong passwords that strangers have entered for a moderator."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from joulemark_site.moderators.login_attempts import unlock


class Command(BaseCommand):
    """Lift the limit on a user name."""

    help = "Forget the wrong passwords entered for a moderator's name, so that they can log in at once."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The name."""
        parser.add_argument("name", help="the moderator's user name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Forget them and print how many there were."""
        self.stdout.write(f"forgotten: {unlock(options['name'])} wrong passwords")
