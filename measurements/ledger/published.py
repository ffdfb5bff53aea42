"""The checkpoint that the world sees: a file that anything may have happened to, believed only if it is this log's."""

from __future__ import annotations

from dataclasses import dataclass

from joulemark.log import checkpoints, notes
from joulemark.record.errors import RecordError
from measurements.ledger import folder
from measurements.ledger.errors import Damaged, KeyLost
from measurements.ledger.log_key import opened
from measurements.ledger.models import Checkpoint

AGAIN = "The sequencer writes it again from the database within seconds; `manage.py sequence_log` does so at once."


@dataclass(frozen=True)
class Published:
    """A note as it is served, and what it says."""

    note: str
    checkpoint: checkpoints.Checkpoint


def read_published() -> Published | None:
    """What is published; None before the first checkpoint, or when the folder is lost.

    Raises Damaged for anything that neither the database knows nor a key of this log has signed.
    """
    try:
        data = folder.published_bytes()
    except OSError as error:
        raise Damaged(
            f"The file {folder.place(folder.CHECKPOINT)} cannot be read ({error}). {AGAIN}"
        ) from error
    if data is None:
        return None
    try:
        note = data.decode()
        seen = checkpoints.parse(notes.claimed_text(note))
        return Published(note, seen if _is_kept(note, seen.size) else opened(note))
    except (UnicodeDecodeError, RecordError, KeyLost) as error:
        raise Damaged(
            f"The file {folder.place(folder.CHECKPOINT)} is no checkpoint of this log ({error}). {AGAIN}"
        ) from error


def _is_kept(note: str, size: int) -> bool:
    """Whether this is what was signed for a log of `size`, with no other lines below it than its witnesses'."""
    kept = Checkpoint.objects.filter(size=size).first()
    if kept is None or not note.startswith(kept.note):
        return False
    lines = set(kept.cosignatures.values_list("line", flat=True))
    return lines.issuperset(note[len(kept.note) :].splitlines(keepends=True))
