"""What an audit keeps of a log, so that the next one goes on from there and notices when the past has changed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from joulemark import durable
from joulemark.errors import UsageError
from joulemark.log.checkpoints import open_checkpoint
from joulemark.log.frontier import Frontier
from joulemark.log.notes import VerifierKey
from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.field_types import Word
from joulemark.record.statement import Count, Time
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from pathlib import Path

    from joulemark.config import Folders
    from joulemark.log.checkpoints import Checkpoint

ID_BYTES = 32


class StoredAudit(Record, frozen=True, kw_only=True):
    """The last checkpoint that was verified, and how far the entries were read without a finding.

    `peaks` are the subtrees over the `read` entries, and `received` the ids of the results that these say were
    received, 32 bytes each; `moderated` are those of them that a person has decided about, null in files of versions
    that did not keep it. `lost` are those that a restore of the platform lost, as its log says.
    `checkpoint` may be further on: what fits the log and not its tables is read again.
    """

    log_key: Word
    checkpoint: str
    at: Time
    read: Count
    peaks: tuple[bytes, ...]
    received: bytes
    moderated: bytes | None = None
    lost: bytes = b""

    def key(self) -> VerifierKey:
        """The log's key. Raises Malformed."""
        return VerifierKey.parse(self.log_key)

    def opened(self, log: str) -> Checkpoint:
        """The checkpoint of the log called `log`. Raises Malformed or Unverified."""
        return open_checkpoint(self.checkpoint, key=self.key(), origin=log)

    def frontier(self) -> Frontier:
        """Where to go on reading. Raises ValueError when the peaks do not fit."""
        return Frontier(self.read, self.peaks)

    def require_fit(self, checkpoint: Checkpoint) -> None:
        """What was read leads to `checkpoint`, or not that far. Raises ValueError."""
        frontier = self.frontier()
        whole = frontier.size == checkpoint.size
        if frontier.size > checkpoint.size or (whole and frontier.root() != checkpoint.root):
            raise ValueError(_("its entries do not match its checkpoint"))

    def results(self) -> set[str]:
        """The ids of the results that were received."""
        return _ids(self.received)

    def decided_by_hand(self) -> set[str] | None:
        """The ids of the results that a person has decided about; None when that was not kept."""
        return None if self.moderated is None else _ids(self.moderated)

    def lost_results(self) -> set[str]:
        """The ids of the received results that the platform lost in a gap of its log."""
        return _ids(self.lost)


def _ids(data: bytes) -> set[str]:
    return {data[at : at + ID_BYTES].hex() for at in range(0, len(data), ID_BYTES)}


class Evidence(Record, frozen=True, kw_only=True):
    """Two signed checkpoints of one log that cannot both be true, or one that its entries do not fit."""

    origin: Word
    log_key: Word
    code: str
    sentence: str
    found_at: Time
    kept_checkpoint: str | None
    shown_checkpoint: str


def load(folders: Folders, origin: str, log: str) -> StoredAudit | None:
    """What the last audit of `origin` kept, or None. Raises UsageError when it is damaged."""
    path = path_of(folders, origin)
    try:
        stored = decode(path.read_bytes(), StoredAudit, what="stored audit")
        stored.require_fit(stored.opened(log))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecordError) as error:
        raise UsageError(
            _(
                "{path} cannot be used: {error} Restore it from a copy, or move it away and audit "
                "from the beginning, without a comparison with the earlier log."
            ).format(path=path, error=error)
        ) from error
    return stored


def save(folders: Folders, origin: str, log: str, new: StoredAudit) -> None:
    """Keep `new`, unless another audit has kept more meanwhile: never moves back. Raises StorageError."""
    before = load(folders, origin, log)
    if before is not None and before.opened(log).size > new.opened(log).size:
        return
    durable.write(path_of(folders, origin), encode(new) + b"\n")


def keep_evidence(folders: Folders, evidence: Evidence) -> Path:
    """Write down what cannot be: the file, named by its time. Raises StorageError."""
    name = f"{_slug(evidence.origin)}-{evidence.found_at:%Y%m%dT%H%M%S}.evidence.json"
    path = folders.audits / name
    durable.write(path, msgspec.json.format(encode(evidence), indent=2) + b"\n")
    return path


def path_of(folders: Folders, origin: str) -> Path:
    """The file of one platform."""
    return folders.audits / f"{_slug(origin)}.json"


def _slug(origin: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", origin)


def now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)
