"""`manage.py load_catalog`: make every suite of this platform known to its database, and hand out those that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DataError

from joulemark.suite import SuiteError, suite_names
from joulemark.suite.archive import encode_archive
from joulemark.suite.loader import digest_of, files_of, folder_of
from measurements.catalog.services import load_suite_catalog, refresh_hardware_facts
from measurements.catalog.suites import known_suites
from measurements.intake.suite_services import NotHandedOut, hand_out_suite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from joulemark.suite import Suite


class Command(BaseCommand):
    """Load the suites: those of the software, then those of JOULEMARK_SUITES. Running it again changes nothing."""

    help = (
        "Load the tasks, data sets, models and jobs of every suite, of the software, of JOULEMARK_SUITES and those "
        "that were pinned; hand out those of the first two that are pinned. Running it again changes nothing."
    )
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Load each suite and say how many jobs it has and whether results of it can count."""
        suites = known_suites()
        for suite in suites.values():
            try:
                load_suite_catalog(suite)
            except (DataError, ValueError) as error:
                raise CommandError(f"Suite {suite.name} {suite.version} was not loaded: {error}") from error
            pinned = "pinned" if suite.is_pinned else "not pinned"
            self.stdout.write(
                f"{suite.name} {suite.version}: {len(suite.jobs)} jobs, {pinned}, digest {suite.digest[:12]}"
            )
        refresh_hardware_facts()
        for suite, content in _with_files(suites):
            try:
                hand_out_suite(archive=encode_archive(content))
            except (NotHandedOut, SuiteError) as error:
                self.stderr.write(
                    f"JM-SUITE-NOT-HANDED-OUT {suite.name} {suite.version} is loaded, and volunteers cannot fetch it "
                    f"from this platform: {error}"
                )


def _with_files(suites: Mapping[str, Suite]) -> Iterator[tuple[Suite, dict[str, bytes]]]:
    """The pinned suites that lie here as folders, with their files."""
    folders = (*map(folder_of, suite_names()), *settings.SUITE_FOLDERS)
    for content in map(files_of, folders):
        suite = suites.get(digest_of(content))
        if suite is not None and suite.is_pinned:
            yield suite, content
