"""What the log hands to its copies after a checkpoint is signed and before the world sees it.

Entries first, then the checkpoint that covers them: whoever compares itself with a copy also finds there what it lacks.
A copy that is behind by more than a moment's work gets the checkpoint first, so that it warns, and its entries later.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from django.utils import timezone

from joulemark.log.tiles import TILE_WIDTH, EntryBundle, encode_entries, entry_bundles
from measurements.ledger.copies import LogCopy, is_away, last_failure, log_copies, note_failure
from measurements.ledger.errors import CopyFailed
from measurements.ledger.models import Checkpoint, CopyState
from measurements.ledger.tile_store import CHECKPOINT
from measurements.ledger.tile_writer import entries_between

BUDGET_S = 5.0
"""How long one round hands entries to one copy; the next round goes on."""
ENTRIES = "entries-size"
"""The file of a copy that says how many entries it holds."""


def hand_to_copies(checkpoint: Checkpoint, *, note: str) -> None:
    """Bring every copy up to `checkpoint`; one that fails is named in `CopyState` and tried again later."""
    for copy in log_copies():
        if is_away(copy):
            _note(copy, fault=last_failure(copy))
            continue
        try:
            bring_up_to_date(copy, size=checkpoint.size, note=note)
        except CopyFailed as error:
            note_failure(copy, error)
            _note(copy, fault=str(error))
        else:
            _note(copy, size=checkpoint.size)


def are_copies_behind(checkpoint: Checkpoint) -> bool:
    """Whether a copy that is configured has not taken this checkpoint yet."""
    names = {copy.place_id for copy in log_copies()}
    done = CopyState.objects.filter(place__in=names, size=checkpoint.size, fault="")
    return bool(names) and done.count() < len(names)


def bring_up_to_date(copy: LogCopy, *, size: int, note: str) -> None:
    """Write what `copy` lacks of a log of `size` entries, and `note`. Raises CopyFailed."""
    if copy.read(CHECKPOINT) == note.encode() and _entries_in(copy) == size:
        return
    start = min(_entries_in(copy), size)
    bundles = list(entry_bundles(start - start % TILE_WIDTH, size))
    if len(bundles) > 2:
        copy.write(CHECKPOINT, note.encode())
    _write_entries(copy, bundles, size=size)
    copy.write(CHECKPOINT, note.encode())


def _write_entries(copy: LogCopy, bundles: Iterable[EntryBundle], *, size: int) -> None:
    end_s = time.monotonic() + BUDGET_S
    for bundle in bundles:
        begin = bundle.index * TILE_WIDTH
        copy.write(bundle.path, encode_entries(entries_between(begin, begin + bundle.width)))
        if time.monotonic() > end_s and begin + bundle.width < size:
            copy.write(ENTRIES, str(begin + bundle.width).encode())
            raise CopyFailed(f"{copy.name} has {begin + bundle.width} of {size} entries so far; more follow.")
    copy.write(ENTRIES, str(size).encode())


def _entries_in(copy: LogCopy) -> int:
    data = copy.read(ENTRIES)
    return int(data) if data is not None and data.isdigit() else 0


def _note(copy: LogCopy, *, size: int | None = None, fault: str = "") -> None:
    before = CopyState.objects.filter(place=copy.place_id).first()
    after = before.size if size is None and before else size or 0
    if before is None or (before.size, before.fault) != (after, fault):
        CopyState.objects.update_or_create(
            place=copy.place_id, defaults={"size": after, "fault": fault, "tried_at": timezone.now()}
        )
