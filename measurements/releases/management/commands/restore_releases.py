"""Make the rows of releases again that a restored database lacks."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joulemark.record.errors import RecordError
from measurements.releases.lost_releases import restore_lost
from measurements.releases.release_list import ManifestLost, list_releases


class Command(BaseCommand):
    """Idempotent; whatever does not fit its entry in the log is left alone and named."""

    help = (
        "After a restore: put releases that lie in the folder or bucket and have an entry in the log back on the page "
        "and in the API. `manage.py resume_log` does the same where they can be read then."
    )
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Restore, list, and print what came back and what did not. Raises CommandError for what did not."""
        try:
            restored, why_not = restore_lost()
            list_releases()
        except (ManifestLost, RecordError, OSError) as error:
            raise CommandError(str(error)) from error
        for name in restored:
            self.stdout.write(f"Release {name} is listed again.")
        if why_not:
            raise CommandError("\n".join(why_not[name] for name in sorted(why_not)))
        if not restored:
            self.stdout.write("No release was missing.")
