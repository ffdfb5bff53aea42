"""A session: one go at a suite on one platform with one meter, over as many runs as it takes.

Only its nonce is stored. Which jobs are finished is read from the outbox, where each result carries the
nonce: a crash between two files cannot make a job run twice or not at all.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from joulemark import durable
from joulemark.errors import RunInProgress, UsageError
from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.statement import Nonce, Sha256, Time, Word

if TYPE_CHECKING:
    from collections.abc import Iterator
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


@contextmanager
def only_run(folders: Folders) -> Iterator[None]:
    """Hold the machine-wide right to measure; let go of by the system when the process dies.

    Raises RunInProgress.
    """
    durable.make_folder(folders.state)
    lock = FileLock(folders.state / "run.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunInProgress(
            "Another `joulemark run` is measuring on this machine; two at once would spoil both. "
            "Wait for it to end."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _path(folders: Folders, origin: str, suite_digest: str, meter: str) -> Path:
    key = hashlib.sha256("\0".join((origin, suite_digest, meter)).encode()).hexdigest()
    return folders.sessions / f"{key[:32]}.json"
