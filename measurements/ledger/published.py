"""The published checkpoint: a file that may have been damaged, accepted only if it is this log's."""

from __future__ import annotations

from dataclasses import dataclass

from joulemark.log import checkpoints, notes
from joulemark.record.errors import RecordError, Unverified
from measurements.ledger import tile_store
from measurements.ledger.errors import Damaged, KeyLost
from measurements.ledger.log_key import opened
from measurements.ledger.models import Checkpoint

AGAIN = "The sequencer writes it again from the database within seconds; `manage.py sequence_log` does so at once."


@dataclass(frozen=True)
class Published:
    """A note as it is served, and its checkpoint."""

    note: str
    checkpoint: checkpoints.Checkpoint


def read_published() -> Published | None:
    """What is published; None before the first checkpoint, or when the folder is lost.

    Raises Damaged for anything that neither the database knows nor a key of this log has signed.
    """
    try:
        data = tile_store.published_bytes()
    except OSError as error:
        raise Damaged(
            f"The file {tile_store.place(tile_store.CHECKPOINT)} cannot be read ({error}). {AGAIN}"
        ) from error
    if data is None:
        return None
    try:
        note = data.decode()
        seen = checkpoints.parse(notes.claimed_text(note))
        row = Checkpoint.objects.filter(size=seen.size).first()
        if row is None:  # the database may be older than the file
            return Published(note, opened(note))
        _require_signed_note(note, row)
        return Published(note, seen)
    except (UnicodeDecodeError, RecordError, KeyLost) as error:
        raise Damaged(
            f"The file {tile_store.place(tile_store.CHECKPOINT)} is no checkpoint of this log ({error}). {AGAIN}"
        ) from error


def _require_signed_note(note: str, row: Checkpoint) -> None:
    """Raises Unverified unless `note` is what was signed, with no other lines below it than its witnesses'."""
    witness_lines = set(row.cosignatures.values_list("line", flat=True))
    lines = note.removeprefix(row.note).splitlines(keepends=True)
    if not note.startswith(row.note) or not witness_lines.issuperset(lines):
        raise Unverified("JM-NOTE", f"It is not the note that was signed for {row.size} leaves.")
