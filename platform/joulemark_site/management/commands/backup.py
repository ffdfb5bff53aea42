"""`manage.py backup FOLDER_OR_URL`: database, keys, log and suites, whole or not at all."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joulemark_site.backup.create import remove_older, take_backup
from joulemark_site.backup.errors import BackupError
from joulemark_site.backup.manifest import read_manifest
from joulemark_site.backup.transfer import is_address, send


def read_token(path: Path | None) -> str:
    """The token in a file, empty without one. Raises CommandError."""
    try:
        return path.read_text().strip() if path else ""
    except OSError as error:
        raise CommandError(f"The token cannot be read: {error}") from error


class Command(BaseCommand):
    """Take one backup and print where it is."""

    help = (
        "Back up the database, the keys, the log and the suites into a new folder below FOLDER, or as one tar file "
        "below URL. It holds private keys: keep it where only you can read."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and how many stay."""
        parser.add_argument("place", metavar="FOLDER_OR_URL")
        parser.add_argument(
            "--keep", type=int, metavar="N", help="afterwards remove all but the newest N in FOLDER"
        )
        parser.add_argument(
            "--token-file", type=Path, metavar="FILE", help="a bearer token for the URL, in a file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Take the backup. Raises CommandError."""
        if options["keep"] is not None and options["keep"] < 1:
            raise CommandError("--keep must be at least 1.")
        try:
            if is_address(options["place"]):
                token = read_token(options["token_file"])
                with tempfile.TemporaryDirectory(prefix="joulemark-backup-") as name:
                    folder = take_backup(Path(name))
                    self._report(folder, send(folder, options["place"], token=token))
                return
            parent = Path(options["place"]).resolve()
            folder = take_backup(parent)
            self._report(folder, str(folder))
            if options["keep"] is not None:
                for path in remove_older(parent, keep=options["keep"]):
                    self.stdout.write(f"removed {path.name}")
        except BackupError as error:
            raise CommandError(str(error)) from error

    def _report(self, folder: Path, place: str) -> None:
        manifest = read_manifest(folder)
        size = sum(file.size for file in manifest.files)
        signed = manifest.log.size if manifest.log else 0
        self.stdout.write(
            self.style.SUCCESS(
                f"{place}: {len(manifest.files)} files, {size / 1024:.0f} KiB, {signed} leaves signed"
            )
        )
