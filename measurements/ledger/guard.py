"""What was signed, as every place that keeps it remembers it: the database must not be older, nor say otherwise.

Places are the log's own folder and the copies off this machine. A database that was restored knows less than they do;
signing on from there would show the world two logs under one name.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass

from django.conf import settings

from joulemark.log import checkpoints
from joulemark.log.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, tree_root
from joulemark.record.errors import RecordError
from measurements.ledger import tile_store, tile_writer
from measurements.ledger.copies import LogCopy, is_away, log_copies, note_failure
from measurements.ledger.errors import CopyFailed, Damaged, KeyLost, LogBroken, LogOutdated
from measurements.ledger.log_key import WAY_ON, opened
from measurements.ledger.models import Checkpoint, LogHead
from measurements.ledger.published import read_published

logger = logging.getLogger(__name__)

NEXT = (
    "Restore the newest backup, or run `manage.py resume_log`, which brings the entries back and publishes what was "
    "lost; docs/operations.md says how. Until then nothing is signed or received."
)
FOLDER = "the log's folder"
RESTORED = ".restored"
"""Beside the log's files while they came out of a backup: they know no more than the database that came with them."""


@dataclass(frozen=True)
class SeenCheckpoint:
    """A checkpoint of this log with its note, and where it is kept.

    `confirms`: the place would have a newer one if there were any. One that came out of a backup would not.
    """

    place: str
    checkpoint: checkpoints.Checkpoint
    note: str
    confirms: bool = True


def require_signed(last: Checkpoint | None) -> None:
    """Raises LogBroken when a key that nobody has named signed the last checkpoint: its log is not gone on with."""
    if last is None:
        return
    try:
        opened(last.note)
    except RecordError as error:
        raise LogBroken(
            f"The checkpoint of {last.size} leaves is signed neither by the log's key nor by one of "
            f"JOULEMARK_LOG_FORMER_KEYS, and no other is signed before it is. {WAY_ON}"
        ) from error


def require_newest(last: Checkpoint | None, head: LogHead, *, asks_copies: bool) -> None:
    """Raises LogOutdated when a place has a checkpoint that this database does not know, LogBroken for another log.

    `asks_copies`: also those off this machine. Where the log's folder is gone, or came out of a backup, they are asked
    in any case; all of them must answer and one must have the last checkpoint: otherwise nobody knows whether it was
    the last one.
    """
    if head.outdated:
        raise LogOutdated(head.fault or f"JM-LOG-OUTDATED This database was restored. {NEXT}")
    in_folder = _in_folder(last, head)
    is_alone = in_folder is None or not in_folder.confirms
    in_copies, faults = seen_in_copies() if asks_copies or is_alone else ([], [])
    for entry in (*([in_folder] if in_folder else []), *in_copies):
        _require_known(entry, last)
    if last is None or not settings.LOG_COPIES or not is_alone:
        return
    if faults or not any(entry.checkpoint.size == last.size for entry in in_copies):
        raise LogBroken(
            "The log's folder is empty or out of a backup, and the copies of the log do not show whether the "
            f"checkpoint of {last.size} leaves was the last one. {' '.join(faults)} They are asked again; if they are "
            "gone for good, run `manage.py resume_log`."
        )


def seen_in_copies() -> tuple[list[SeenCheckpoint], list[str]]:
    """The checkpoints in the copies, and why others cannot be read; an empty copy has neither."""
    seen, faults = [], []
    for copy in log_copies():
        if is_away(copy):
            faults.append(f"{copy.name} gave no answer a moment ago.")
            continue
        try:
            if (entry := read_copy(copy)) is not None:
                seen.append(entry)
        except CopyFailed as error:
            note_failure(copy, error)
            faults.append(str(error))
    return seen, faults


def read_copy(copy: LogCopy) -> SeenCheckpoint | None:
    """The checkpoint in a copy, None in an empty one. Raises CopyFailed."""
    data = copy.read(tile_store.CHECKPOINT)
    if data is None:
        return None
    return verified_note(copy.name, data)


def verified_note(place: str, data: bytes) -> SeenCheckpoint:
    """The checkpoint in a note of this log. Raises CopyFailed."""
    try:
        note = data.decode()
        return SeenCheckpoint(place, opened(note), note)
    except (UnicodeDecodeError, RecordError, KeyLost) as error:
        raise CopyFailed(f"{place} holds no checkpoint of this log ({error}).") from error


def is_folder_restored() -> bool:
    """Whether the log's files came out of a backup and nothing was signed since."""
    return tile_store.place(RESTORED).exists()


def _in_folder(last: Checkpoint | None, head: LogHead) -> SeenCheckpoint | None:
    """What the log's folder has published.

    A damaged file does not say what was seen. It is published again, unless the tiles beside it are those of a longer
    log than this database has.
    """
    try:
        published = read_published()
    except Damaged as damaged:
        _require_not_longer(last, head, damaged)
        logger.warning("JM-LOG-CHECKPOINT-DAMAGED %s", damaged)
        with contextlib.suppress(OSError):
            tile_store.set_damaged_aside()
        return None
    if published is None:
        return None
    return SeenCheckpoint(FOLDER, published.checkpoint, published.note, confirms=not is_folder_restored())


def _require_known(entry: SeenCheckpoint, last: Checkpoint | None) -> None:
    seen = entry.checkpoint
    if last is None or seen.size > last.size:
        raise LogOutdated(
            f"JM-LOG-OUTDATED {entry.place} has a checkpoint of {seen.size} leaves that this database does not know: "
            f"it is older than {entry.place}, or another one. {NEXT}"
        )
    if root_at(seen.size, last) != seen.root:
        raise LogBroken(
            f"{entry.place} has a checkpoint of {seen.size} leaves with another root than these have: it is of another "
            "history of this log. Restore the database whose history it is; no checkpoint is signed before."
        )


def root_at(size: int, last: Checkpoint) -> bytes:
    """The root of the first `size` of the leaves under `last`. Raises LogBroken."""
    row = last if last.size == size else Checkpoint.objects.filter(size=size).first()
    if row is not None:
        return bytes.fromhex(row.root)

    def read(tile: Tile) -> bytes:
        width = min(TILE_WIDTH, (last.size >> (TILE_HEIGHT * tile.level)) - tile.index * TILE_WIDTH)
        return tile_store.read_tile(tile._replace(width=width))[: tile.width * 32]

    try:
        return tree_root(size, read)
    except FileNotFoundError:
        tile_writer.write_files(old_size=0, size=last.size)
        return tree_root(size, read)


def _require_not_longer(last: Checkpoint | None, head: LogHead, damaged: Damaged) -> None:
    if last is None or tile_store.is_longer_than(head.size):
        raise LogOutdated(
            f"JM-LOG-OUTDATED {damaged} But not now: the log's folder is of a longer log than the database, which is "
            f"older than it or another one. {NEXT}"
        ) from damaged
