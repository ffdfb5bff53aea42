"""The sequencer: gives committed leaves their places, grows the tree, signs a checkpoint (docs/decisions/0017).

(a) places are committed to the database; (b) entries and tiles are written, all of them functions of the rows; (c) the
last checkpoint's root must come out of the tiles again; (d) the new checkpoint is signed, kept, and then published.
Killed anywhere, the next run goes on from there.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from joulemark.log import checkpoints, notes
from joulemark.log.merkle import EMPTY_ROOT
from joulemark.log.tiles import TILE_WIDTH, tree_root
from joulemark.record.errors import RecordError
from measurements.ledger import tile_store, tile_writer
from measurements.ledger.errors import Damaged, LogBroken
from measurements.ledger.log_key import WAY_ON, log_key, log_name, opened
from measurements.ledger.models import Checkpoint, Leaf, LogHead
from measurements.ledger.published import read_published

logger = logging.getLogger(__name__)

LOCK = 0x4A4D_4C4F_47
"""Key of PostgreSQL's advisory lock: one sequencer a database."""
PARTIAL_KEPT = timedelta(hours=1)
"""How long partial tiles stay beside the full one, for readers of an older checkpoint."""
PLACE = """
UPDATE ledger_leaf SET "index" = %s + waiting.rank
FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS rank FROM ledger_leaf WHERE "index" IS NULL) AS waiting
WHERE ledger_leaf.id = waiting.id
"""


def sequence() -> Checkpoint | None:
    """Bring the log up to date; the latest checkpoint, or None when another sequencer is at it.

    Safe to call at any time and any number of times. Raises LogBroken: then nothing was signed, nor will be.
    """
    with _alone() as first:
        if not first:
            return None
        try:
            checkpoint = _sequence()
        except LogBroken as error:
            logger.critical("THE LOG IS BROKEN and signs nothing more", exc_info=True)
            LogHead.objects.exclude(fault=str(error)).update(fault=str(error))
            raise
        LogHead.objects.exclude(fault="").update(fault="")
        return checkpoint


def _sequence() -> Checkpoint:
    head = assign_places()
    last = Checkpoint.objects.last()
    _require_signed(last)
    _require_newest(last, head)
    turn = head.checked if last is None else check_again(last, head)
    if last is not None and last.size == head.size:
        if turn != head.checked:
            LogHead.objects.update(checked=turn)
        publish(last, note=last.published_note)
        return last
    old_size = last.size if last else 0
    tile_writer.write_files(old_size=old_size, size=head.size)
    root = root_after(last, head.size)
    with transaction.atomic():
        checkpoint = sign_checkpoint(size=head.size, root=root)
        LogHead.objects.update(checked=turn)
    publish(checkpoint, note=checkpoint.note)
    if old_size // TILE_WIDTH != checkpoint.size // TILE_WIDTH:
        prune(head)
    return checkpoint


def assign_places() -> LogHead:
    """(a) Give every waiting leaf the next place, in the order of ids; the head, which counts those that have one."""
    if not Leaf.objects.waiting().exists():
        return LogHead.objects.get()
    try:
        with transaction.atomic():
            head = LogHead.objects.select_for_update().get()
            with connection.cursor() as cursor:
                cursor.execute(PLACE, [head.size])
                head.size += cursor.rowcount
            head.save(update_fields=["size"])
    except IntegrityError as error:
        raise LogBroken(
            f"The head counts {head.size} leaves, but that place is taken: the head was edited. Restore the database "
            "from a backup; no checkpoint is signed before."
        ) from error
    return head


def check_again(last: Checkpoint, head: LogHead) -> int:
    """Compare rows with tiles: the newest ones, and one older tile a run in turn; whose turn is next.

    Every row has its turn, and the turn does not pass a fault. Raises LogBroken.
    """
    if head.size < last.size:
        raise LogBroken(
            f"{head.size} leaves have a place, but {last.size} were signed: rows were removed. Restore the database "
            "from a backup; no checkpoint is signed before."
        )
    tiles = -(-last.size // TILE_WIDTH)
    if tiles == 0:
        return 0
    turn = head.checked % tiles
    try:
        for index in dict.fromkeys((turn, tiles - 1)):
            tile_writer.check_tile(index, min(TILE_WIDTH, last.size - index * TILE_WIDTH))
        root_after(last, last.size)
    except FileNotFoundError:
        logger.warning("files of the log are lost and made again from the database")
        tile_writer.write_files(old_size=0, size=last.size)
        root_after(last, last.size)
    return (turn + 1) % tiles


def root_after(last: Checkpoint | None, size: int) -> bytes:
    """(c) The root of `size` leaves, once the tiles also lead to what was signed last. Raises LogBroken."""
    if last is not None:
        signed = checkpoints.Checkpoint(origin=log_name(), size=last.size, root=bytes.fromhex(last.root))
        root = tree_root(last.size, tile_store.read_tile)
        if root.hex() != last.root or not last.note.startswith(signed.text() + "\n"):
            raise LogBroken(
                f"The {last.size} leaves have the root {root.hex()}, but {last.root} was signed: the log was changed "
                "behind its back. Restore the database from a backup; no checkpoint is signed before."
            )
    return tree_root(size, tile_store.read_tile) if size else EMPTY_ROOT


def sign_checkpoint(*, size: int, root: bytes) -> Checkpoint:
    """(d) Sign and keep a checkpoint. Raises IntegrityError when this size was signed before."""
    text = checkpoints.Checkpoint(origin=log_name(), size=size, root=root).text()
    note = notes.sign(text, name=log_name(), key=log_key())
    return Checkpoint.objects.create(size=size, root=root.hex(), note=note, signed_at=timezone.now())


def publish(checkpoint: Checkpoint, *, note: str) -> None:
    """(d) Let the world see a checkpoint that is kept, under `note`, which may have witnesses' lines."""
    if tile_store.published_bytes() != note.encode():
        tile_store.write([(tile_store.CHECKPOINT, note.encode())])
        logger.info("published a checkpoint of %d leaves", checkpoint.size)


def prune(head: LogHead) -> None:
    """Remove partial tiles that have been full for longer than PARTIAL_KEPT."""
    old = Checkpoint.objects.filter(size__gte=head.pruned, signed_at__lt=timezone.now() - PARTIAL_KEPT)
    sizes = list(old.values_list("size", flat=True)[:1000])
    for before, after in itertools.pairwise(sizes):
        tile_store.drop_partial(before, after)
    if sizes and sizes[-1] != head.pruned:
        LogHead.objects.update(pruned=sizes[-1])


def _require_newest(last: Checkpoint | None, head: LogHead) -> None:
    """Raises LogBroken when the world has seen a checkpoint that this database does not know.

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
        return
    if published is None:
        return
    seen = published.checkpoint
    own = last if last and last.size == seen.size else Checkpoint.objects.filter(size=seen.size).first()
    if own is None or own.root != seen.root.hex():
        raise LogBroken(
            f"A checkpoint of {seen.size} leaves was published that this database does not know: it is older than the "
            "log's folder, or another one. Restore the newest backup; docs/operations.md says what to do without one."
        )


def _require_not_longer(last: Checkpoint | None, head: LogHead, damaged: Damaged) -> None:
    if last is None or tile_store.is_longer_than(head.size):
        raise LogBroken(
            f"{damaged} But not now: the log's folder is of a longer log than the database, which is older than it or "
            "another one. Restore the newest backup; docs/operations.md says what to do without one."
        ) from damaged


def _require_signed(last: Checkpoint | None) -> None:
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


@contextlib.contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other sequencer is at work; if so, none begins before the block ends or this process dies."""
    if connection.vendor != "postgresql":
        with _alone_by_file() as first:
            yield first
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        first = bool(cursor.fetchone()[0])
    try:
        yield first
    finally:
        with contextlib.suppress(InterfaceError, OperationalError), connection.cursor() as cursor:
            if first:  # a connection that is gone has given the lock back already
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@contextlib.contextmanager
def _alone_by_file() -> Iterator[bool]:
    Path(settings.LOG_DIR).mkdir(parents=True, exist_ok=True, mode=tile_store.FOLDER_MODE)
    with (Path(settings.LOG_DIR) / ".sequencer").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
