"""What went wrong in a session, and which job is being measured: what a killed run leaves behind for the next one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from joulemark import durable
from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.statement import Time
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")

CRASHES = 2
"""A job during which so many runs ended without a word is not begun again by itself: the next run would end too."""


class Failure(Record, frozen=True, kw_only=True):
    """Why a job gave no result. `code` is short and stable, `sentence` says what to do next."""

    code: str
    sentence: str
    at: Time


class Pages(Record, frozen=True, kw_only=True):
    """The file: failures, numbers of crashes and seconds that finished jobs took, by job key; and the job under way."""

    running: str | None = None
    crashes: dict[str, int] = {}
    failures: dict[str, Failure] = {}
    took_s: dict[str, float] = {}


def read_journal(path: Path) -> Pages:
    """What the journal at `path` says, and would say of a run that ended without a word; nothing is written.

    One that cannot be read counts as empty: results are kept elsewhere.
    """
    return _after_crash(_stored(path))


def _stored(path: Path) -> Pages:
    try:
        return decode(path.read_bytes(), Pages, what="journal")
    except (OSError, RecordError):
        return Pages()


def _after_crash(pages: Pages) -> Pages:
    """A job that is still marked as running was cut short by the end of its process."""
    key = pages.running
    if key is None:
        return pages
    count = pages.crashes.get(key, 0) + 1
    noted = replace(pages, running=None, crashes={**pages.crashes, key: count})
    if count < CRASHES:
        return noted
    failure = Failure(
        code="crashed",
        sentence=_(
            "{count} runs ended without a message while it was measured. Check whether memory runs out."
        ).format(count=count),
        at=datetime.now(UTC),
    )
    return replace(noted, failures={**noted.failures, key: failure})


class Journal:
    """One session's journal, written through at each change."""

    def __init__(self, path: Path) -> None:
        """Read the journal at `path`. One that cannot be read is begun anew: results are kept elsewhere."""
        self._path = path
        stored = _stored(path)
        self._pages = _after_crash(stored)
        if self._pages is not stored:
            self._write(self._pages)

    @property
    def failures(self) -> dict[str, Failure]:
        """The jobs that failed and were not finished since, by key."""
        return dict(self._pages.failures)

    @property
    def took_s(self) -> dict[str, float]:
        """How long finished jobs took, in seconds by key."""
        return dict(self._pages.took_s)

    def begin(self, key: str) -> None:
        """The job is about to be measured."""
        self._write(replace(self._pages, running=key))

    def done(self, key: str, *, took_s: float | None = None) -> None:
        """The job has its result, after `took_s` seconds: what went wrong before no longer matters."""
        took = self._pages.took_s if took_s is None else {**self._pages.took_s, key: took_s}
        self._write(
            Pages(
                crashes=_without(self._pages.crashes, key),
                failures=_without(self._pages.failures, key),
                took_s=took,
            )
        )

    def stopped(self) -> None:
        """The run ends in an orderly way: nothing is being measured."""
        if self._pages.running is not None:
            self._write(replace(self._pages, running=None))

    def failed(self, key: str, *, code: str, sentence: str) -> None:
        """The job gave no result."""
        failure = Failure(code=code, sentence=sentence, at=datetime.now(UTC))
        self._write(replace(self._pages, running=None, failures={**self._pages.failures, key: failure}))

    def _write(self, pages: Pages) -> None:
        self._pages = pages
        durable.write(self._path, encode(pages) + b"\n")


def _without(entries: dict[str, T], key: str) -> dict[str, T]:
    return {name: value for name, value in entries.items() if name != key}
