"""Publishing a release: whatever is new is written, and the list of releases names it last.

Killed anywhere, a writer leaves no release that is half there: files without a manifest are in no list, and a release
whose row is committed is listed by the next run. Ranges of the log that are settled are kept as they were written, so
the next run goes on behind them.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import shutil
import tempfile
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from joulemark.release import layout
from joulemark.release.layout import ReleaseName, leaf_ranges, own_path, parse_name
from joulemark.release.leaf_tables import LEAF_TABLES
from joulemark.release.manifest import (
    MANIFEST_FORMAT,
    Manifest,
    StoredFile,
    TableFiles,
    decode_manifest,
    encode_document,
)
from measurements.concurrency.advisory_locks import key_of, session_lock
from measurements.ledger.log_key import log_key, verifier_key
from measurements.ledger.models import Checkpoint, LeafKind
from measurements.ledger.services import append_leaf
from measurements.published.terms import LICENCE
from measurements.releases import storage
from measurements.releases.archives import store_suites
from measurements.releases.documents import store_documents
from measurements.releases.log_facts import release_facts
from measurements.releases.log_files import store_log
from measurements.releases.models import Release
from measurements.releases.moment import quiet_moment, reading
from measurements.releases.own_files import made_by, store_own_files
from measurements.releases.range_writer import RangeFiles, is_settled, keep_range, settled_files, write_range
from measurements.releases.release_list import list_releases, listed_names
from measurements.releases.release_row import release_row
from measurements.releases.schedule import is_release_due
from measurements.releases.snapshot_writer import write_snapshots
from measurements.releases.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)
LOCK = key_of("releases")


class NotPublished(Exception):
    """No release was made; `str(error)` says why and what to do."""


def publish_release(*, name: str | None = None) -> Release:
    """Make a release of what is there now and list it; `name` in place of the next one of today.

    Raises NotPublished, NoQuietMoment, Malformed (JM-RELEASE-NAME), LogBroken or OSError; then no reader sees anything
    of it, and the next run goes on.
    """
    with _alone() as is_first:
        if not is_first:
            raise NotPublished(
                "A release is being written by another process; it will be listed when it is whole."
            )
        return _publish(name)


def publish_due_release() -> Release | None:
    """Make a release if one is due and nobody is at it; None if not. Raises as `publish_release` does."""
    if not is_release_due():
        return None
    with _alone() as is_first:
        # another process may have made it between the look and the lock
        if not is_first or not is_release_due():
            logger.info("no release: another process makes it")
            return None
        try:
            return _publish(None)
        except NotPublished as error:
            logger.info("no release: %s", error)
            return None


def _publish(name: str | None) -> Release:
    """Write a release and list it, for whoever is alone."""
    list_releases()  # one whose writer was killed before
    chosen = _next_name(name)
    Path(settings.RELEASES_WORK_DIR).mkdir(parents=True, exist_ok=True)
    _remove_what_a_killed_writer_left()
    with tempfile.TemporaryDirectory(dir=settings.RELEASES_WORK_DIR) as folder:
        staging = Staging(Path(folder))
        write_settled_ranges(staging)
        release = _write(staging, chosen)
    list_releases()
    release.refresh_from_db()
    return release


def write_settled_ranges(staging: Staging) -> int:
    """Write the ranges that nothing will change any more and that are not written yet; returns how many.

    Each is kept on its own: whoever is killed has lost one range.
    """
    last = Checkpoint.objects.last()
    written = 0
    for leaves in leaf_ranges(last.size if last else 0):
        if not leaves.is_full or settled_files(leaves) is not None or not is_settled(leaves):
            continue
        with reading():
            files = write_range(staging, leaves)
        staging.sync()
        if files.are_settled:
            keep_range(leaves, files)
            written += 1
    return written


def _write(staging: Staging, name: ReleaseName) -> Release:
    """Write the files of a release and its row, with its leaf. It is not listed yet."""
    previous = previous_manifest()
    with quiet_moment() as checkpoint:
        made_at = timezone.now().astimezone(UTC)
        settled = {leaves: settled_files(leaves) for leaves in leaf_ranges(checkpoint.size)}
        ranges = {leaves: files or write_range(staging, leaves) for leaves, files in settled.items()}
        tables = _leaf_tables(list(ranges.values())) | write_snapshots(staging, tree_size=checkpoint.size)
        suites = store_suites(staging)
        stored = {file.path: file for file in previous.tiles} if previous else {}
        tiles = store_log(staging, tree_size=checkpoint.size, root=checkpoint.root, stored=stored)
        manifest = Manifest(
            format=MANIFEST_FORMAT,
            name=str(name),
            made_at=made_at,
            origin=settings.ORIGIN,
            log_key=verifier_key().encode(),
            former_log_keys=tuple(key.encode() for key in settings.LOG_FORMER_KEYS),
            previous=previous.name if previous else None,
            tree_size=checkpoint.size,
            root_hash=checkpoint.root,
            versions=made_by(),
            tables=tables,
            bundles=tuple(files.bundles for files in ranges.values()),
            tiles=tiles,
            suites=suites,
            counts={table: files.rows for table, files in tables.items()},
            licence=LICENCE,
            simulated=bool(import_string(settings.SIMULATED_BY)()),
        )
        manifest = store_documents(staging, manifest, previous=previous, checkpoint=checkpoint)
    data = encode_document(manifest)
    own = store_own_files(staging, manifest, data, key=log_key())
    staging.sync()
    for leaves, range_files in ranges.items():
        if settled[leaves] is None and range_files.are_settled:
            keep_range(leaves, range_files)
    return _record(manifest, data, own, new_bytes=staging.new_bytes)


def _leaf_tables(ranges: list[RangeFiles]) -> dict[str, TableFiles]:
    tables = {}
    for table in LEAF_TABLES:
        files = [file for written in ranges for file in written.tables[table.name]]
        rows = sum(file.rows for file in files if file.form == "parquet")
        tables[table.name] = TableFiles(partition="leaf", rows=rows, files=tuple(files))
    return tables


@transaction.atomic
def _record(manifest: Manifest, data: bytes, own: list[StoredFile], *, new_bytes: int) -> Release:
    """Write the row and its leaf: both are kept or neither."""
    release = release_row(manifest, data, own, new_bytes=new_bytes)
    release.leaf = append_leaf(
        kind=LeafKind.RELEASE,
        subject=release.manifest_sha256,
        facts=release_facts(release),
        at=release.made_at,
    )
    release.save()
    return release


def previous_manifest() -> Manifest | None:
    """The manifest of the newest release that is stored; None for none, or where its file is lost or another."""
    release = Release.objects.first()
    data = storage.read(own_path(release.name, layout.MANIFEST)) if release is not None else None
    if release is None or data is None or hashlib.sha256(data).hexdigest() != release.manifest_sha256:
        return None
    return decode_manifest(data)


def _next_name(name: str | None) -> ReleaseName:
    """The name of the release to make, which is later than all others. Raises NotPublished or Malformed."""
    names = sorted(map(parse_name, {*listed_names(), *Release.objects.values_list("name", flat=True)}))
    chosen = parse_name(name) if name is not None else ReleaseName(timezone.now().astimezone(UTC).date())
    if name is None and names and names[-1] >= chosen:
        chosen = names[-1].next
    if names and chosen <= names[-1]:
        raise NotPublished(
            f"A release is named {names[-1]} already; the next one has a later name than that."
        )
    return chosen


def _remove_what_a_killed_writer_left() -> None:
    """Remove its files on their way, for whoever is alone: a writer that nobody could interrupt left gigabytes."""
    for left in Path(settings.RELEASES_WORK_DIR).iterdir():
        if left.is_dir():
            shutil.rmtree(left)
    storage.remove_drafts()


def _alone() -> AbstractContextManager[bool]:
    """Whether no other process writes a release; if so, none begins before the block ends or this process dies."""
    return session_lock(LOCK) if connection.vendor == "postgresql" else _alone_by_file()


@contextmanager
def _alone_by_file() -> Iterator[bool]:
    folder = Path(settings.RELEASES_WORK_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".writer").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
