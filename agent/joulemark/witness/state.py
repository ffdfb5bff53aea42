"""What a witness keeps of each log: the checkpoint that it cosigned last, and evidence of what cannot be.

The file of a log is on disk, synced, before a cosignature leaves the witness, and only whoever holds the log's lock
compares with it and replaces it: of two requests at once one sees what the other has done.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from joulemark import durable
from joulemark.audit.store import Evidence
from joulemark.errors import UsageError
from joulemark.log.checkpoints import parse
from joulemark.log.notes import claimed_text
from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.field_types import Word
from joulemark.record.statement import Time
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from joulemark.log.checkpoints import Checkpoint

MAX_EVIDENCE_FILES = 200
"""Of one log: whoever has its key could fill the disk otherwise."""


class WitnessedLog(Record, frozen=True, kw_only=True):
    """The last checkpoint that was cosigned, as the log had signed it, and when that was."""

    origin: Word
    log_key: Word
    checkpoint: str
    at: Time

    def latest(self) -> Checkpoint:
        """The checkpoint. Raises Malformed."""
        return parse(claimed_text(self.checkpoint))


class WitnessStore:
    """The folder of a witness: a file for each log, named by its origin."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self, origin: str) -> Iterator[None]:
        """Within, nobody else of this machine reads or replaces the state of a log. Raises StorageError."""
        path = self._path(origin, ".lock")
        durable.make_folder(self.folder)
        try:
            lock = path.open("a")
        except OSError as error:
            raise durable.translated(error, path) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def load(self, origin: str) -> WitnessedLog | None:
        """What was cosigned last; None where nothing was. Raises UsageError when it is damaged or lost.

        Neither is taken for none: a witness that has forgotten would cosign a second history. The state is lost where
        a cosigned checkpoint or evidence lies beside the place where it should be.
        """
        path = self._path(origin, ".json")
        try:
            state = decode(path.read_bytes(), WitnessedLog, what="witness's state")
            checkpoint = state.latest()
        except FileNotFoundError as error:
            if self.note_path(origin).exists() or self._evidence_files(origin):
                raise UsageError(_damaged(path, ValueError(_("it is missing.")))) from error
            return None
        except (OSError, RecordError) as error:
            raise UsageError(_damaged(path, error)) from error
        if checkpoint.origin != origin or state.origin != origin:
            raise UsageError(_damaged(path, ValueError(_("it is of another log."))))
        return state

    def save(self, state: WitnessedLog) -> None:
        """Replace the state of a log; once this returns it is on disk. Raises StorageError."""
        durable.write(self._path(state.origin, ".json"), encode(state) + b"\n", mode=0o600)

    def note_path(self, origin: str) -> Path:
        """Where the checkpoint that was cosigned last is written down with its cosignature."""
        return self._path(origin, ".checkpoint")

    def keep_note(self, origin: str, note: str) -> None:
        """Write down a cosigned checkpoint, for whoever serves or sends it; the caller holds the lock.

        Raises StorageError.
        """
        durable.write(self.note_path(origin), note.encode())

    def keep_evidence(
        self, state: WitnessedLog, note: str, *, code: str, sentence: str, at: datetime
    ) -> Path | None:
        """Write down two signed checkpoints that do not fit; the file, None where there are too many already.

        The same two have one file, however often they are sent. Raises StorageError.
        """
        evidence = Evidence(
            origin=state.origin,
            log_key=state.log_key,
            code=code,
            sentence=sentence,
            found_at=at,
            kept_checkpoint=state.checkpoint,
            shown_checkpoint=note,
        )
        digest = hashlib.sha256(f"{claimed_text(state.checkpoint)}\0{claimed_text(note)}".encode())
        path = self._path(state.origin, f".{digest.hexdigest()[:16]}.evidence.json")
        if path.exists():
            return path
        if len(self._evidence_files(state.origin)) >= MAX_EVIDENCE_FILES:
            return None
        durable.write(path, msgspec.json.format(encode(evidence), indent=2) + b"\n")
        return path

    def _evidence_files(self, origin: str) -> list[Path]:
        return list(self.folder.glob(self._path(origin, ".*.evidence.json").name))

    def _path(self, origin: str, suffix: str) -> Path:
        digest = hashlib.sha256(origin.encode()).hexdigest()[:8]
        slug = re.sub(r"[^a-z0-9.]+", "-", origin.lower())[:60].strip(".-")
        return self.folder / f"{slug}-{digest}{suffix}"


def _damaged(path: Path, error: Exception) -> str:
    return _(
        "{path} cannot be used: {error} Restore it from a copy. Without it the witness does not know what it "
        "has cosigned, and must go on with another key."
    ).format(path=path, error=error)
