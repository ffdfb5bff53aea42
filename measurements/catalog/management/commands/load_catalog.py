"""`manage.py load_catalog`: make every suite that this software carries known to the platform."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from joulemark.suite import load_suite, suite_names
from measurements.catalog.services import load_suite_catalog


class Command(BaseCommand):
    """Load the suites. Running it again changes nothing."""

    help = "Load the tasks, data sets, models and jobs of every suite; running it again changes nothing."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Load each suite and say how many jobs it has."""
        for name in suite_names():
            suite = load_suite(name)
            load_suite_catalog(suite)
            self.stdout.write(
                f"{suite.name} {suite.version}: {len(suite.jobs)} jobs, digest {suite.digest[:12]}"
            )
