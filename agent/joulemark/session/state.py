"""A session: one go at a suite on one platform with one meter, over as many runs as it takes.

Only its nonce is stored. Which jobs are finished is read from the outbox, where each result carries the
nonce: a crash between two files cannot make a job run twice or not at all.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from joulemark import durable
from joulemark.errors import NothingToDo, UsageError
from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.field_types import Nonce, Sha256, Word
from joulemark.record.statement import Time
from joulemark.session.journal import Journal
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from joulemark.config import Folders
    from joulemark.outbox import Outbox, OutboxResult


class RunRequest(Record, frozen=True, kw_only=True):
    """What a run is to measure, as its command line said: `joulemark run --resume` repeats it.

    A suite in a folder is named by that folder's absolute path. Patterns are as in `session.plan.Filter`, the rest as
    in `session.report.Options`.
    """

    suite: str
    meter: str = "auto"
    only: str | None = None
    tasks: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    cpu_watts: float | None = None
    offline: bool = False
    submit: bool = True
    force: bool = False


class Session(Record, frozen=True):
    """What makes two runs parts of one session. `asked` is the request of its last run, made at `asked_at`."""

    nonce: Nonce
    origin: Word
    suite_digest: Sha256
    meter: Word
    begun_at: Time
    asked: RunRequest | None = None
    asked_at: Time | None = None


def resume_or_begin(
    folders: Folders, *, origin: str, suite_digest: str, meter: str, fresh: bool, request: RunRequest
) -> Session:
    """The stored session for these, or a new one when there is none or `fresh` is set; `request` is noted in it.

    Raises UsageError.
    """
    path = _path(folders, origin, suite_digest, meter)
    session = find_session(folders, origin=origin, suite_digest=suite_digest, meter=meter, fresh=fresh)
    if session is None:
        session = Session(
            nonce=secrets.token_hex(16),
            origin=origin,
            suite_digest=suite_digest,
            meter=meter,
            begun_at=datetime.now(UTC),
        )
    session = replace(session, asked=request, asked_at=datetime.now(UTC))
    durable.write(path, encode(session) + b"\n")
    return session


def find_session(
    folders: Folders, *, origin: str, suite_digest: str, meter: str, fresh: bool
) -> Session | None:
    """The stored session for these; None when there is none or `fresh` is set. Raises UsageError."""
    return None if fresh else _stored(_path(folders, origin, suite_digest, meter))


def last_run_request(folders: Folders, *, origin: str, note: Callable[[str], None]) -> RunRequest:
    """The request of the latest run for this platform. Raises NothingToDo when there was none.

    Files that cannot be read as a session are skipped, and `note` is called with their names.
    """
    sessions, unreadable = stored_sessions(folders)
    requests = [
        (session.asked_at, session.asked)
        for session in sessions
        if session.origin == origin and session.asked and session.asked_at
    ]
    strange = [ascii(path.name)[1:-1] for path in unreadable]
    if strange:
        note(
            _(
                "Skipped in {sessions}, because it cannot be read as a session: {strange}. Remove it "
                "to stop this message."
            ).format(sessions=folders.sessions, strange=", ".join(strange))
        )
    if not requests:
        raise NothingToDo(
            _("There is no run for {origin} to resume. Start one with `joulemark run --suite NAME`.").format(
                origin=origin
            )
        )
    return max(requests, key=lambda entry: entry[0])[1]


def stored_sessions(folders: Folders) -> tuple[list[Session], list[Path]]:
    """Every session, and the files that cannot be read as one; both in the order of the files' names."""
    sessions, unreadable = [], []
    for path in sorted(folders.sessions.glob("*.json")):
        try:
            session = _stored(path)
        except UsageError:
            unreadable.append(path)
        else:
            if session is not None:
                sessions.append(session)
    return sessions, unreadable


def journal(folders: Folders, session: Session) -> Journal:
    """The journal of a session."""
    return Journal(journal_path(folders, session))


def lasting_name(name: str) -> str:
    """How a suite is called for good: that of a folder by its absolute path."""
    return str(Path(name).expanduser().absolute()) if "/" in name else name


def journal_path(folders: Folders, session: Session) -> Path:
    """Where the journal of a session lies."""
    return folders.sessions / f"{session.nonce}.journal"


def _stored(path: Path) -> Session | None:
    try:
        return decode(path.read_bytes(), Session, what="session")
    except FileNotFoundError:
        return None  # the first run of this session
    except (OSError, RecordError) as error:
        raise UsageError(
            _("The session {path} cannot be read: {error} Start a new one with `--fresh`.").format(
                path=path, error=error
            )
        ) from error


def finished(session: Session, outbox: Outbox) -> dict[str, OutboxResult]:
    """The session's results by job key `task/dataset/model`."""
    return finished_of(session, outbox.results())


def finished_of(session: Session, results: Iterable[OutboxResult]) -> dict[str, OutboxResult]:
    """Those of `results` that are the session's, by job key."""
    finished = {}
    for result in results:
        predicate = result.bundle.statement().predicate
        if predicate.session == session.nonce:
            work = predicate.workload
            finished[f"{work.task}/{work.dataset}/{work.model}"] = result
    return finished


def _path(folders: Folders, origin: str, suite_digest: str, meter: str) -> Path:
    key = hashlib.sha256("\0".join((origin, suite_digest, meter)).encode()).hexdigest()
    return folders.sessions / f"{key[:32]}.json"
