"""`manage.py load_published`: load the figures of the 2024 study as a series of their own."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from joulemark.suite.published import load_study
from measurements.published.services import load_published


class Command(BaseCommand):
    """Load the published study. Running it again changes nothing."""

    help = (
        "Load the published study's tasks, data sets, models and figures; running it again changes nothing."
    )
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Load and say how many figures there are."""
        study = load_study()
        count = load_published(study=study)
        self.stdout.write(f"{study.id}: {count} published figures")
