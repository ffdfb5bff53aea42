"""`manage.py maintenance`: take nothing, or answer nothing, while somebody works on the platform."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joulemark_site.maintenance import Maintenance, MaintenanceUnreadable, Mode, begin, current, end

OFF = "off"
LONGEST_MIN = 7 * 24 * 60


class Command(BaseCommand):
    """Begin or end maintenance, or print whether it is on."""

    help = (
        "Put the platform into maintenance: `read-only` serves pages and downloads and refuses everything else, "
        "`closed` answers 503 alone, `off` ends it. Agents keep what is refused and send it again. Without a mode it "
        "prints the current one."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mode, and for how long."""
        parser.add_argument("mode", nargs="?", choices=[*(mode.value for mode in Mode), OFF])
        parser.add_argument(
            "--minutes",
            type=int,
            help="when it is expected to end; clients ask again after as long, or an hour",
        )

    def handle(self, *args: Any, mode: str | None, minutes: int | None, **options: Any) -> None:
        """Raises CommandError for an impossible duration and, without a mode, for a damaged file."""
        if minutes is not None and not 1 <= minutes <= LONGEST_MIN:
            raise CommandError(f"--minutes is from 1 to {LONGEST_MIN}.")
        if mode == OFF:
            end()
        elif mode is not None:
            ends_at = datetime.now(UTC) + timedelta(minutes=minutes) if minutes else None
            begin(Maintenance(mode=Mode(mode), ends_at=ends_at))
        try:
            maintenance = current()
        except MaintenanceUnreadable as error:
            raise CommandError(str(error)) from error
        if maintenance is None:
            self.stdout.write("normal operation")
            return
        until = f" until about {maintenance.ends_at:%Y-%m-%d %H:%M} UTC" if maintenance.ends_at else ""
        self.stdout.write(f"{maintenance.mode}{until}; end it with `manage.py maintenance {OFF}`")
