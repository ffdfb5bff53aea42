"""`manage.py pin_suite`: fix what a suite means on the hub, and hand the pinned suite out to volunteers."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from joulemark.errors import AgentError
from joulemark.hub.pinned_copy import ask_lock
from joulemark.suite import SuiteError, read_archive
from joulemark.suite.archive import encode_archive
from joulemark.suite.loader import files_of, folder_of, suite_of_files
from joulemark.suite.lock import LOCK
from measurements.intake.suite_services import NotHandedOut, hand_out_suite, require_handed_out


class Command(BaseCommand):
    """Pin a suite, or take a folder that is pinned already. The same commits again change nothing."""

    help = (
        "Ask the hub which revisions a suite's names mean, store the pinned suite, write it to the log and hand it "
        "out at /api/v1/suites/. Running processes know it at once. The same commits again change nothing."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which suite, and where it comes from."""
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument(
            "suite",
            nargs="?",
            metavar="SUITE",
            help="a suite's name, or a folder such as ./suite; the hub is asked, and gets HF_TOKEN where it is set",
        )
        what.add_argument(
            "--folder",
            metavar="FOLDER",
            help="take the suite in this folder, which is pinned already: no network",
        )
        parser.add_argument(
            "--hub", metavar="URL", help="the hub's origin (default: HF_ENDPOINT, else huggingface.co)"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be handed out, and store nothing"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Store the suite and say its digest, its jobs and what volunteers run. Raises CommandError."""
        try:
            archive = encode_archive(self._files(options))
            suite = require_handed_out(read_archive(archive))
            created = None if options["dry_run"] else hand_out_suite(archive=archive)[1]
        except (SuiteError, NotHandedOut) as error:
            raise CommandError(str(error), returncode=2) from error
        except AgentError as error:
            raise CommandError(str(error), returncode=error.exit_code) from error
        runnable = sum(suite.obstacle(job) is None for job in suite.jobs)
        self.stdout.write(f"{suite.name} {suite.version}, digest {suite.digest}")
        self.stdout.write(f"{runnable} of {len(suite.jobs)} jobs can run; {len(archive)} bytes")
        for entry in suite.unavailable:
            self.stdout.write(f"{entry.reason}: {entry.sentence}")
        self.stdout.write(_outcome(created=created))
        if created is not None:
            self.stdout.write(f"Volunteers run it with: joulemark run --suite {suite.name}")

    def _files(self, options: dict[str, Any]) -> dict[str, bytes]:
        """The files of the pinned suite by name. Raises SuiteError, AgentError or CommandError."""
        if options["folder"] is not None:
            if options["hub"] is not None:
                raise CommandError(
                    "--hub asks a hub, and --folder asks none: leave one of them out.", returncode=2
                )
            folder = Path(options["folder"]).absolute()
            if folder.is_file():
                raise CommandError(
                    f"{folder} is a file: name the folder that holds it, --folder {folder.parent}.",
                    returncode=2,
                )
            if not folder.is_dir():
                raise CommandError(
                    f"There is no folder {folder}: name one that holds suite.toml and lock.toml.",
                    returncode=2,
                )
            files = files_of(folder_of(f"{folder}"))
            suite = suite_of_files(files, folder=f"{folder}")  # what is broken is named by its folder
            if not suite.is_pinned:
                raise CommandError(
                    f"The suite in {folder} says not which revisions it means, in a lock.toml. Let this platform "
                    f"pin it with `manage.py pin_suite {folder}`, which asks the hub.",
                    returncode=2,
                )
            return files
        name = options["suite"]
        lock = ask_lock(name, hub=options["hub"], say=self.stderr.write)
        return {**files_of(folder_of(name)), LOCK: lock.to_toml()}


def _outcome(*, created: bool | None) -> str:
    if created is None:
        return "Nothing was stored."
    address = f"{settings.ORIGIN}/api/v1/suites/"
    if created:
        return f"Stored and written to the log; every process of this platform hands it out now: {address}"
    return f"This platform has handed out these very files before; nothing was changed: {address}"
