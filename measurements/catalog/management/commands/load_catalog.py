"""`manage.py load_catalog`: make every suite of this platform known to its database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DataError

from measurements.catalog.services import load_suite_catalog
from measurements.catalog.suites import known_suites


class Command(BaseCommand):
    """Load the suites: those of the software, then those of JOULEMARK_SUITES. Running it again changes nothing."""

    help = (
        "Load the tasks, data sets, models and jobs of every suite, of the software and of JOULEMARK_SUITES; "
        "running it again changes nothing."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Load each suite and say how many jobs it has and whether results of it can count."""
        for suite in known_suites().values():
            try:
                load_suite_catalog(suite)
            except (DataError, ValueError) as error:
                raise CommandError(f"Suite {suite.name} {suite.version} was not loaded: {error}") from error
            pinned = "pinned" if suite.is_pinned else "not pinned"
            self.stdout.write(
                f"{suite.name} {suite.version}: {len(suite.jobs)} jobs, {pinned}, digest {suite.digest[:12]}"
            )
