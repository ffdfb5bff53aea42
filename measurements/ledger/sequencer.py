"""The sequencer: gives committed leaves their places, grows the tree, signs a checkpoint (docs/decisions/0017).

(a) places are committed to the database; (b) entries and tiles are written, all of them functions of the rows; (c) the
last checkpoint's root must come out of the tiles again; (d) the new checkpoint is signed, kept, handed to the
copies off this machine (`copy_writer`), and then published. Before all of it the places that keep what was signed are
asked whether this database is the one that signed last (`guard`). Killed anywhere, the next run goes on from there.
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
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from joulemark.log import checkpoints, notes
from joulemark.log.merkle import EMPTY_ROOT
from joulemark.log.tiles import TILE_WIDTH, tree_root
from measurements.concurrency.advisory_locks import session_lock
from measurements.ledger import tile_store, tile_writer
from measurements.ledger.copy_writer import are_copies_behind, hand_to_copies
from measurements.ledger.errors import LogBroken, LogOutdated
from measurements.ledger.guard import RESTORED, require_newest, require_signed
from measurements.ledger.log_key import log_key, log_name
from measurements.ledger.models import Checkpoint, Leaf, LogHead
from measurements.ledger.signals import checkpoint_signed

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
    with alone() as first:
        return sequence_alone() if first else None


def sequence_alone() -> Checkpoint:
    """As `sequence`, for whoever has made sure by `alone` that nobody else is at it. Raises LogBroken."""
    try:
        checkpoint = _sequence()
    except LogBroken as error:
        note_fault(error)
        raise
    LogHead.objects.exclude(fault="").update(fault="")
    return checkpoint


def note_fault(error: LogBroken) -> None:
    """Write down why nothing is signed; an outdated database stays so until an operator says how to go on."""
    logger.critical("THE LOG IS BROKEN and signs nothing more", exc_info=error)
    LogHead.objects.exclude(fault=str(error)).update(fault=str(error))
    if isinstance(error, LogOutdated):
        LogHead.objects.filter(outdated=False).update(outdated=True)


def compare_with_places() -> None:
    """At the start of a process: whether this database is the one that signed last. Raises LogBroken.

    It signs nothing, and does nothing while another process is at the log.
    """
    with alone() as first:
        if not first:
            return
        try:
            require_newest(Checkpoint.objects.last(), LogHead.objects.get(), asks_copies=True)
        except LogBroken as error:
            note_fault(error)
            raise


def _sequence() -> Checkpoint:
    last = Checkpoint.objects.last()
    require_signed(last)
    head = LogHead.objects.get()
    has_more = head.size > (last.size if last else 0) or Leaf.objects.waiting().exists()
    require_newest(last, head, asks_copies=has_more)  # before a leaf gets a place that another one has
    head = assign_places()
    turn = head.checked if last is None else check_again(last, head)
    if last is not None and last.size == head.size:
        if turn != head.checked:
            LogHead.objects.update(checked=turn)
        if are_copies_behind(last):
            hand_to_copies(last, note=last.published_note)
        publish(last, note=last.published_note)
        return last
    old_size = last.size if last else 0
    tile_writer.write_files(old_size=old_size, size=head.size)
    root = root_after(last, head.size)
    with transaction.atomic():
        checkpoint = sign_checkpoint(size=head.size, root=root)
        LogHead.objects.update(checked=turn)
    hand_to_copies(checkpoint, note=checkpoint.note)
    publish(checkpoint, note=checkpoint.note)
    checkpoint_signed.send(sender=Checkpoint)
    tile_store.place(RESTORED).unlink(missing_ok=True)
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


def alone() -> contextlib.AbstractContextManager[bool]:
    """Whether no other sequencer is at work; if so, none begins before the block ends or this process dies."""
    return session_lock(LOCK) if connection.vendor == "postgresql" else _alone_by_file()


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
