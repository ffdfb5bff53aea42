"""Going on with a log whose database was restored older than what was signed: the same tree, no other one.

The entries that the database lost are read from the log's own folder, from a copy or from any mirror, and count only if
they lead to the root of the newest checkpoint that any place has. They get their old places, what can be made of the
rows that they record is made again, and a leaf behind them publishes the gap. Whoever has seen a checkpoint, whichever,
then sees that the log only grew. See docs/decisions/0068.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.utils import timezone

from joulemark.log import merkle
from joulemark.log.frontier import Frontier
from joulemark.log.leaf import decode
from joulemark.log.tiles import TILE_WIDTH, EntryBundle, decode_entries, entry_bundles
from joulemark.record.errors import RecordError
from measurements.ledger import tile_store
from measurements.ledger.copies import FolderCopy, LogCopy, forget_outages, log_copies
from measurements.ledger.errors import CannotResume, CopyFailed
from measurements.ledger.gap_rows import RestoredRows, restore_rows
from measurements.ledger.gaps import gap_facts
from measurements.ledger.guard import FOLDER, RESTORED, SeenCheckpoint, is_folder_restored, read_copy
from measurements.ledger.models import Checkpoint, Leaf, LeafKind, LogGap, LogHead
from measurements.ledger.sequencer import alone, publish, sequence_alone
from measurements.ledger.services import append_leaf, hash_leaf

MIRRORS = "Name a folder or address of anybody's copy of the log with --from."


@dataclass(kw_only=True)
class Resumption:
    """What came of it: the checkpoint signed now, the gap if there was one, and what was restored of its rows."""

    checkpoint: Checkpoint | None = None
    gap: LogGap | None = None
    rows: RestoredRows = field(default_factory=RestoredRows)
    unread: list[str] = field(default_factory=list)


def resume(
    *,
    mirrors: Sequence[LogCopy] = (),
    seen: Sequence[SeenCheckpoint] = (),
    is_nothing_newer: bool = False,
    may_leave_gap: bool = True,
) -> Resumption:
    """Go on with the log. `mirrors` are asked for entries and checkpoints beside the folder and the copies.

    `seen`: checkpoints that somebody else has kept. `is_nothing_newer`: the operator vouches that nothing was signed
    after this database's last checkpoint, where no place can tell.
    `may_leave_gap`: also where rows were lost. Raises CannotResume, and then changes nothing;
    LogBroken where the log has another fault.
    """
    forget_outages()
    with alone() as first:
        if not first:
            raise CannotResume("Another process is at the log; run this again in a moment.")
        resumption = Resumption()
        sources = [*_folder(), *log_copies(), *mirrors]
        checkpoints = [*seen, *_checkpoints(sources, resumption)]
        with transaction.atomic():
            head = LogHead.objects.select_for_update().get()
            _catch_up(head, checkpoints, sources, resumption, is_nothing_newer=is_nothing_newer)
            if resumption.gap is not None and not may_leave_gap:
                raise CannotResume(
                    f"Entries {resumption.gap.start} to {resumption.gap.end - 1} were signed after this backup. Look "
                    "for a newer one; if there is none, run `manage.py resume_log`."
                )
        if (last := Checkpoint.objects.last()) is not None:
            publish(last, note=last.published_note)  # the log's folder may be asked from now on
        tile_store.place(RESTORED).unlink(missing_ok=True)
        resumption.checkpoint = sequence_alone()
        return resumption


def _folder() -> list[LogCopy]:
    """The log's own folder as a source of entries; an empty one where it is lost."""
    tile_store.place("").mkdir(parents=True, exist_ok=True, mode=tile_store.FOLDER_MODE)
    return [FolderCopy(FOLDER, tile_store.place(""))]


def _checkpoints(sources: Sequence[LogCopy], resumption: Resumption) -> list[SeenCheckpoint]:
    """The checkpoints in all places; the folder's confirms nothing while it came out of a backup."""
    checkpoints = []
    for source in sources:
        try:
            entry = read_copy(source)
        except CopyFailed as error:
            resumption.unread.append(str(error))
            continue
        if entry is not None:
            of_backup = source.name == FOLDER and is_folder_restored()
            checkpoints.append(replace(entry, confirms=not of_backup))
    return checkpoints


def _catch_up(
    head: LogHead,
    seen: Sequence[SeenCheckpoint],
    sources: Sequence[LogCopy],
    resumption: Resumption,
    *,
    is_nothing_newer: bool,
) -> None:
    """Bring head, leaves and rows up to the newest checkpoint in `seen`. Raises CannotResume."""
    last = Checkpoint.objects.last()
    newest = max(seen, key=lambda entry: entry.checkpoint.size, default=None)
    n_signed = last.size if last else 0
    is_shown = any(entry.confirms and entry.checkpoint.size >= n_signed for entry in seen)
    is_whole = not resumption.unread or any(entry.confirms and entry.place == FOLDER for entry in seen)
    if last is not None and not (is_shown and is_whole) and not is_nothing_newer:
        raise CannotResume(
            f"No place shows what was signed last: this database knows {n_signed} leaves. "
            f"{' '.join(resumption.unread)} Make every copy of the log readable, or give the newest checkpoint that "
            "anybody has seen with --checkpoint FILE and say --nothing-newer if you know that nothing was signed after "
            "it; if that is wrong, everybody who has seen it can prove that this platform shows two logs."
        )
    frontier = _own_tree(seen)
    if newest is not None and newest.checkpoint.size > n_signed:
        start, start_root = head.size, frontier.root()
        if newest.checkpoint.size > head.size:
            entries = _entries(frontier, newest, seen, sources, resumption)
            leaves = _put_back(entries, start)
            _note_gap(start, start_root, newest, resumption)
            resumption.rows = restore_rows(leaves)
            head.size = newest.checkpoint.size
        _keep_checkpoint(newest)
    head.outdated, head.fault = False, ""
    head.save(update_fields=["size", "outdated", "fault"])


def _own_tree(seen: Sequence[SeenCheckpoint]) -> Frontier:
    """The tree of the leaves that this database has, once every checkpoint within it fits. Raises CannotResume."""
    frontier = Frontier()
    rows = Leaf.objects.filter(index__isnull=False).order_by("index").values_list("leaf_hash", flat=True)
    for leaf_hash in rows.iterator(chunk_size=10_000):
        frontier.add(bytes.fromhex(leaf_hash))
        _require_roots(frontier, seen)
    return frontier


def _require_roots(frontier: Frontier, seen: Sequence[SeenCheckpoint]) -> None:
    for entry in seen:
        if entry.checkpoint.size == frontier.size and entry.checkpoint.root != frontier.root():
            raise CannotResume(
                f"{entry.place} has a checkpoint of {frontier.size} leaves with another root: two histories were "
                "signed, or the database was edited. Restore another backup; nothing was changed."
            )


def _entries(
    own: Frontier,
    newest: SeenCheckpoint,
    seen: Sequence[SeenCheckpoint],
    sources: Sequence[LogCopy],
    resumption: Resumption,
) -> list[bytes]:
    """The entries behind `own` up to `newest`, from the first source that has them all. Raises CannotResume."""
    end = newest.checkpoint.size
    faults = []
    for source in sources:
        try:
            entries = _read_entries(source, own.size, end)
        except CopyFailed as error:
            faults.append(str(error))
            continue
        tree = Frontier(own.size, own.peaks)
        for entry in entries:
            tree.add(merkle.leaf_hash(entry))
            _require_roots(tree, [before for before in seen if before.checkpoint.size < end])
        if tree.root() == newest.checkpoint.root:
            return entries
        faults.append(f"{source.name} has other entries than those that were signed.")
    resumption.unread += faults
    raise CannotResume(
        f"Entries {own.size} to {end - 1} of the log are nowhere: {' '.join(faults)} {MIRRORS} Without them this log "
        "cannot go on: what was signed cannot be shown, and a platform must begin a new log under another origin "
        "(docs/operations.md)."
    )


def _read_entries(source: LogCopy, start: int, end: int) -> list[bytes]:
    """Entries `start` to `end` (without it). Raises CopyFailed."""
    entries: list[bytes] = []
    for bundle in entry_bundles(start, end):
        first = max(start - bundle.index * TILE_WIDTH, 0)
        entries += _bundle(source, bundle)[first : bundle.width]
    return entries


def _bundle(source: LogCopy, bundle: EntryBundle) -> list[bytes]:
    data = source.read(bundle.path)
    if data is None and bundle.width < TILE_WIDTH:
        data = source.read(EntryBundle(bundle.index, TILE_WIDTH).path)
    if data is None:
        raise CopyFailed(f"{source.name} has no {bundle.path}.")
    try:
        entries = decode_entries(data)
    except RecordError as error:
        raise CopyFailed(f"{source.name}: {bundle.path} is damaged ({error}).") from error
    if len(entries) < bundle.width:
        raise CopyFailed(f"{source.name}: {bundle.path} has {len(entries)} of {bundle.width} entries.")
    return entries


def _put_back(entries: Sequence[bytes], start: int) -> list[Leaf]:
    """Give the entries their places: to leaves that wait with the same body, and to new ones. Returns the new ones."""
    waiting: dict[str, list[Leaf]] = defaultdict(list)
    for leaf in Leaf.objects.waiting().order_by("-id"):
        waiting[leaf.body].append(leaf)
    new = []
    for index, entry in enumerate(entries, start):
        body = entry.decode()
        if waiting[body]:
            Leaf.objects.filter(pk=waiting[body].pop().pk).update(index=index)
            continue
        record = decode(entry)
        new.append(
            Leaf(
                index=index,
                kind=record.kind,
                subject=record.subject,
                body=body,
                leaf_hash=hash_leaf(entry),
                logged_at=record.at,
            )
        )
    return Leaf.objects.bulk_create(new, batch_size=500)


def _note_gap(start: int, start_root: bytes, newest: SeenCheckpoint, resumption: Resumption) -> None:
    gap = LogGap(
        start=start,
        end=newest.checkpoint.size,
        start_root=start_root.hex(),
        end_root=newest.checkpoint.root.hex(),
        resumed_at=timezone.now(),
    )
    gap.leaf = append_leaf(
        kind=LeafKind.LOG_RESUMED, subject=gap.end_root, facts=gap_facts(gap), at=gap.resumed_at
    )
    gap.save()
    resumption.gap = gap


def _keep_checkpoint(newest: SeenCheckpoint) -> None:
    """Know what was signed, by its first signature, which is the log's; witnesses' lines come again from them."""
    text, _, lines = newest.note.rpartition("\n\n")
    Checkpoint.objects.create(
        size=newest.checkpoint.size,
        root=newest.checkpoint.root.hex(),
        note=f"{text}\n\n{lines.splitlines(keepends=True)[0]}",
        signed_at=timezone.now(),
    )
