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
    """The file: failures and numbers of crashes by job key, and the job that was being measured when it was written."""

    running: str | None = None
    crashes: dict[str, int] = {}
    failures: dict[str, Failure] = {}


class Journal:
    """One session's journal, written through at each change."""

    def __init__(self, path: Path) -> None:
        """Read the journal at `path`. One that cannot be read is begun anew: results are kept elsewhere."""
        self._path = path
        try:
            self._pages = decode(path.read_bytes(), Pages, what="journal")
        except (OSError, RecordError):
            self._pages = Pages()
        self._note_crash()

    @property
    def failures(self) -> dict[str, Failure]:
        """The jobs that failed and were not finished since, by key."""
        return dict(self._pages.failures)

    def begin(self, key: str) -> None:
        """The job is about to be measured."""
        self._write(replace(self._pages, running=key))

    def done(self, key: str) -> None:
        """The job has its result: what went wrong before no longer matters."""
        self._write(
            Pages(
                crashes=_without(self._pages.crashes, key),
                failures=_without(self._pages.failures, key),
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

    def _note_crash(self) -> None:
        """A job that is still marked as running was cut short by the end of its process."""
        key = self._pages.running
        if key is None:
            return
        count = self._pages.crashes.get(key, 0) + 1
        self._write(replace(self._pages, running=None, crashes={**self._pages.crashes, key: count}))
        if count >= CRASHES:
            self.failed(
                key,
                code="crashed",
                sentence=_(
                    "{count} runs ended without a word while it was measured. Look whether memory runs out."
                ).format(count=count),
            )

    def _write(self, pages: Pages) -> None:
        self._pages = pages
        durable.write(self._path, encode(pages) + b"\n")


def _without(entries: dict[str, T], key: str) -> dict[str, T]:
    return {name: value for name, value in entries.items() if name != key}
