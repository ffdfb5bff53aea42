"""`manage.py resume_log`: go on with the log after a restore, and publish what was lost."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from measurements.ledger.copies import copy_at
from measurements.ledger.errors import LedgerError
from measurements.ledger.guard import verified_note
from measurements.ledger.models import LeafKind
from measurements.ledger.recovery import Resumption, resume

WHAT_TO_DO = {
    LeafKind.RESULT_RECEIVED: "results are lost until their contributors send them again: `joulemark submit --since`",
    LeafKind.RUN_STARTED: "tickets come back with the results that name them",
    LeafKind.VERDICT: "verdicts are given again by the sweep",
    LeafKind.MODERATION: "decisions of moderators must be made again",
    LeafKind.APPEAL: "appeals must be filed again",
    LeafKind.WITHDRAWAL: "withdrawals take effect when their results are sent again",
    LeafKind.NAME_DECISION: "decisions about names of hardware must be made again",
    LeafKind.SUITE_PINNED: "suites must be pinned again: `manage.py pin_suite`",
    LeafKind.RELEASE: "their files are not where releases lie: copy them there, then `manage.py restore_releases`",
}


class Command(BaseCommand):
    """Bring the log's entries back, restore what they hold, sign, and print what is missing."""

    help = (
        "After a restore: bring the database up to the newest checkpoint that any place has, publish the gap in the "
        "log and sign again. Changes nothing when entries are missing."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Further places, and what the operator vouches for."""
        parser.add_argument(
            "--from",
            dest="mirrors",
            action="append",
            default=[],
            metavar="PLACE",
            help="a folder or address with the log's files, beside the log's folder and JOULEMARK_LOG_COPIES",
        )
        parser.add_argument(
            "--checkpoint",
            dest="notes",
            action="append",
            default=[],
            metavar="FILE",
            type=Path,
            help="a checkpoint of this log that somebody has kept",
        )
        parser.add_argument(
            "--nothing-newer",
            action="store_true",
            help="where no place can tell: nothing was signed after the backup",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Resume, and say what is left to do. Raises CommandError."""
        mirrors = [
            copy_at(place.rstrip("/"), name=f"mirror {n}") for n, place in enumerate(options["mirrors"], 1)
        ]
        try:
            seen = [verified_note(str(path), path.read_bytes()) for path in options["notes"]]
            resumption = resume(mirrors=mirrors, seen=seen, is_nothing_newer=options["nothing_newer"])
        except OSError as error:
            raise CommandError(f"The checkpoint cannot be read: {error}") from error
        except LedgerError as error:
            raise CommandError(str(error)) from error
        self._report(resumption)

    def _report(self, resumption: Resumption) -> None:
        for fault in resumption.unread:
            self.stderr.write(f"not read: {fault}")
        checkpoint, gap = resumption.checkpoint, resumption.gap
        if checkpoint is not None:
            self.stdout.write(self.style.SUCCESS(f"the log goes on: {checkpoint.size} leaves are signed"))
        if gap is None:
            self.stdout.write("No entry was lost.")
            return
        self.stdout.write(
            f"Entries {gap.start} to {gap.end - 1} came back; leaf {gap.leaf_id} publishes that their rows were lost. "
            f"{resumption.rows.restored} rows were made again."
        )
        missing = Counter(leaf.kind for leaf in resumption.rows.missing)
        for kind, count in missing.most_common():
            self.stdout.write(f"{count} {kind}: {WHAT_TO_DO.get(LeafKind(kind), 'nothing to do')}")
