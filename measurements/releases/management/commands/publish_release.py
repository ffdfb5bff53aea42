"""Make a release of the data now and list it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from joulemark.record.errors import RecordError
from measurements.ledger.errors import LogBroken
from measurements.releases.moment import NoQuietMoment
from measurements.releases.release_list import ManifestLost
from measurements.releases.services import NotPublished, publish_release


class Command(BaseCommand):
    """Idempotent where it was killed: the next run goes on with what is written."""

    help = "Make a release of the data now: files that outlive the site, listed in releases.json when they are whole."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The name is chosen where none is given."""
        parser.add_argument(
            "--name", help="YYYY-MM-DD, or YYYY-MM-DD.N for another one of a day; today by default"
        )

    def handle(self, *_args: Any, name: str | None, **_options: Any) -> None:
        """Publish, and print what was written."""
        try:
            release = publish_release(name=name)
        except (NotPublished, NoQuietMoment, ManifestLost, LogBroken, RecordError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Release {release.name}: {release.n_results} results, {release.n_rows} rows, {release.n_files} files, "
            f"{release.total_bytes} bytes, of which {release.new_bytes} are new; log of {release.tree_size} entries.\n"
            f"manifest.json sha256 {release.manifest_sha256}"
        )
