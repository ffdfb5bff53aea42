"""`manage.py export_site RELEASE DIR`: a static copy of the site, which any file server can serve."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joulemark_site.static_copy.errors import SiteCopyError
from joulemark_site.static_copy.release_copy import LATEST
from joulemark_site.static_copy.site_export import export_site

LINE_WIDTH = 60


class Command(BaseCommand):
    """Make one copy and print what it has."""

    help = (
        "Copy the public pages in both languages, one release of the data and an explorer of its tables into DIR. Any "
        "file server can serve it; the platform is not needed for it."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which release, and where to."""
        parser.add_argument(
            "release", metavar="RELEASE", help=f"name of a release, such as 2026-12-02, or {LATEST}"
        )
        parser.add_argument("folder", metavar="DIR", type=Path, help="not there yet, or empty")
        parser.add_argument(
            "--later",
            action="store_true",
            help="copy pages though the log has entries that the release does not cover; each page says so",
        )

        parser.add_argument(
            "--no-pictures",
            action="store_true",
            help="leave plots as PNG out, which take a second each to draw; their links lead to the platform",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the copy. Raises CommandError."""
        is_terminal = self.stderr.isatty() and options["verbosity"] > 0
        try:
            exported = export_site(
                options["release"],
                options["folder"].resolve(),
                allow_later=options["later"],
                with_pictures=not options["no_pictures"],
                report=_progress if is_terminal else lambda _: None,
            )
        except SiteCopyError as error:
            raise CommandError(str(error)) from error
        finally:
            if is_terminal:
                sys.stderr.write(f"\r{' ' * LINE_WIDTH}\r")
        self.stdout.write(
            self.style.SUCCESS(
                f"{options['folder']}: release {exported.release}, {exported.n_pages} pages and files of boards, "
                f"{exported.n_files} files in all, {exported.n_bytes / 2**20:.1f} MiB"
            )
        )


def _progress(line: str) -> None:
    """Replace the line of progress."""
    sys.stderr.write(f"\r{line[:LINE_WIDTH]:<{LINE_WIDTH}}")
    sys.stderr.flush()
