"""A session: one go at a suite on one platform with one meter, over as many runs as it takes.

Only its nonce is stored. Which jobs are finished is read from the outbox, where each result carries the
nonce: a crash between two files cannot make a job run twice or not at all.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from joulemark import durable
from joulemark.errors import UsageError
from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.statement import Nonce, Sha256, Time, Word

if TYPE_CHECKING:
    from pathlib import Path

    from joulemark.config import Folders
    from joulemark.outbox import Kept, Outbox


class Session(Record, frozen=True):
    """What makes two runs parts of one session."""

    nonce: Nonce
    origin: Word
    suite_digest: Sha256
    meter: Word
    begun_at: Time


def resume_or_begin(folders: Folders, *, origin: str, suite_digest: str, meter: str, fresh: bool) -> Session:
    """The stored session for these, or a new one when there is none or `fresh` is set. Raises UsageError."""
    path = _path(folders, origin, suite_digest, meter)
    if not fresh:
        try:
            return decode(path.read_bytes(), Session, what="session")
        except FileNotFoundError:
            pass  # the first run of this session
        except (OSError, RecordError) as error:
            raise UsageError(
                f"The session {path} cannot be read: {error} Start anew with `--fresh`."
            ) from error
    begun = Session(
        nonce=secrets.token_hex(16),
        origin=origin,
        suite_digest=suite_digest,
        meter=meter,
        begun_at=datetime.now(UTC),
    )
    durable.write(path, encode(begun) + b"\n")
    return begun


def finished(session: Session, outbox: Outbox) -> dict[str, Kept]:
    """The session's results by job key `task/dataset/model`."""
    found = {}
    for kept in outbox.results():
        predicate = kept.bundle.statement().predicate
        if predicate.session == session.nonce:
            work = predicate.workload
            found[f"{work.task}/{work.dataset}/{work.model}"] = kept
    return found


def _path(folders: Folders, origin: str, suite_digest: str, meter: str) -> Path:
    key = hashlib.sha256("\0".join((origin, suite_digest, meter)).encode()).hexdigest()
    return folders.sessions / f"{key[:32]}.json"
