"""The files of one range of the log: tables by leaves, and the bundles that came with them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from joulemark.release import layout
from joulemark.release.leaf_tables import (
    DECISIONS,
    EVENTS,
    LEAF_TABLES,
    RESULTS,
    TICKETS,
    TRACES,
    VERDICTS,
    WINDOWS,
)
from joulemark.release.manifest import BundleFile, TableFile
from joulemark.rules.judge import RULES_VERSION
from measurements.intake.models import UNJUDGED, Submission
from measurements.releases import storage
from measurements.releases.archives import BundleArchive
from measurements.releases.leaf_rows import decision_rows, event_rows, verdict_rows
from measurements.releases.models import WrittenRange
from measurements.releases.result_rows import rows_of, submissions_within
from measurements.releases.table_writer import TableWriter
from measurements.review.models import Result
from measurements.review.services import unseen

if TYPE_CHECKING:
    from joulemark.release.layout import LeafRange
    from measurements.releases.staging import Staging

TABLES_VERSION = 2
"""Rises when the columns of a table change, or what a row of an old leaf says."""
BUNDLES, NUMBERED = "bundles", "numbered"


def derivation() -> str:
    """The way in which rows are derived; a range that was written in another way is written again."""
    return f"{TABLES_VERSION}-{RULES_VERSION}"


@dataclass(frozen=True, kw_only=True)
class RangeFiles:
    """The files of one range, by table, and its bundles. `numbered` of its results have numbers."""

    tables: dict[str, tuple[TableFile, ...]]
    bundles: BundleFile
    numbered: int

    @property
    def are_settled(self) -> bool:
        """Whether the range was settled when they were written."""
        return self.bundles.settled

    def to_json(self) -> dict[str, Any]:
        """As a row keeps them."""
        plain: dict[str, Any] = msgspec.to_builtins(self.tables)
        return plain | {BUNDLES: msgspec.to_builtins(self.bundles), NUMBERED: self.numbered}

    @classmethod
    def of_json(cls, stored: dict[str, Any]) -> RangeFiles:
        """The files that were kept so."""
        tables = {name: files for name, files in stored.items() if name not in {BUNDLES, NUMBERED}}
        return cls(
            tables=msgspec.convert(tables, dict[str, tuple[TableFile, ...]]),
            bundles=msgspec.convert(stored[BUNDLES], BundleFile),
            numbered=stored[NUMBERED],
        )


def settled_files(leaves: LeafRange) -> RangeFiles | None:
    """The files of a range that was written and is settled; None where it is to be written.

    A root without its bundles is another one than it was written to; and where a moderator has since accepted what was
    rejected, a result has got its numbers.
    """
    row = WrittenRange.objects.filter(start=leaves.start, end=leaves.end, derivation=derivation()).first()
    if row is None:
        return None
    files = RangeFiles.of_json(row.files)
    numbered = Result.objects.filter(
        submission__leaf__index__gte=leaves.start, submission__leaf__index__lt=leaves.end
    )
    return files if numbered.count() == files.numbered and storage.is_stored(files.bundles) else None


def is_settled(leaves: LeafRange) -> bool:
    """Whether no row of a range will change by itself: it is full, and these rules have judged all that came with it.

    After a change of the rules a result waits for its next verdict with the numbers of the last one.
    """
    if not leaves.is_full:
        return False
    came = Submission.objects.filter(leaf__index__gte=leaves.start, leaf__index__lt=leaves.end)
    return not came.filter(state__in=UNJUDGED).exists() and not unseen(came).exists()


def write_range(staging: Staging, leaves: LeafRange) -> RangeFiles:
    """Write and store the files of a range, as the transaction of the caller sees it. Nothing names them yet."""
    settled = is_settled(leaves)
    numbered = 0
    with ExitStack() as opened:
        writers = {
            table.name: opened.enter_context(TableWriter(table, staging.place, stem=str(leaves)))
            for table in LEAF_TABLES
        }
        archive = opened.enter_context(BundleArchive(staging.place(f"bundles-{leaves}.tar")))
        writers[EVENTS.name].write_all(event_rows(leaves))
        writers[VERDICTS.name].write_all(verdict_rows(leaves))
        writers[DECISIONS.name].write_all(decision_rows(leaves))
        for submission in submissions_within(leaves):
            rows = rows_of(submission)
            numbered += rows.is_numbered
            writers[RESULTS.name].write(rows.result)
            if rows.ticket is not None:
                writers[TICKETS.name].write(rows.ticket)
            writers[WINDOWS.name].write_all(rows.windows)
            writers[TRACES.name].write_all(rows.traces)
            archive.add(rows.result_id, rows.bundle)
    return RangeFiles(
        tables={
            name: tuple(_stored(staging, writer, leaves, is_settled=settled))
            for name, writer in writers.items()
        },
        bundles=_stored_bundles(staging, archive, leaves, is_settled=settled),
        numbered=numbered,
    )


def keep_range(leaves: LeafRange, files: RangeFiles) -> None:
    """Remember the files of a settled range, which are on disk: later releases name the same ones."""
    WrittenRange.objects.update_or_create(
        start=leaves.start, end=leaves.end, derivation=derivation(), defaults={"files": files.to_json()}
    )


def _stored(staging: Staging, writer: TableWriter, leaves: LeafRange, *, is_settled: bool) -> list[TableFile]:
    files = []
    for form, path in writer.paths.items():
        stored = staging.store(
            path,
            lambda sha256, form=form: layout.part_path(writer.table.name, leaves, sha256, form),  # type: ignore[misc]
        )
        files.append(
            TableFile(
                path=stored.path,
                bytes=stored.bytes,
                sha256=stored.sha256,
                form=form,
                rows=writer.rows,
                leaves=(leaves.start, leaves.end),
                settled=is_settled,
            )
        )
    return files


def _stored_bundles(
    staging: Staging, archive: BundleArchive, leaves: LeafRange, *, is_settled: bool
) -> BundleFile:
    stored = staging.store(archive.path, lambda sha256: layout.bundles_path(leaves, sha256))
    return BundleFile(
        path=stored.path,
        bytes=stored.bytes,
        sha256=stored.sha256,
        leaves=(leaves.start, leaves.end),
        count=archive.count,
        settled=is_settled,
    )
