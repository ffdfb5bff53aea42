"""Copies of the log off this machine: its newest checkpoint and its entries, in folders or behind HTTP addresses.

A copy is what a restored platform compares itself with: the database cannot know what was signed after its backup. It
is the log's own layout (`checkpoint`, `tile/entries/…`), so a web server may publish it, and the entries that a
database lost come back from it. settings.LOG_COPIES names the places; nothing in a copy is secret.
"""

from __future__ import annotations

import errno
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
from django.conf import settings

from joulemark.atomic_file import write_file
from joulemark.log.tiles import MOST_ENTRY_BYTES, TILE_WIDTH
from measurements.concurrency.outage import Outage
from measurements.ledger.errors import CopyFailed

TIMEOUT_S = 3.0
"""The longest silence of a copy within one request: the log waits for it."""
MOST_BYTES = TILE_WIDTH * (MOST_ENTRY_BYTES + 2)
"""The largest file of a copy: a full bundle of entries."""


class LogCopy(Protocol):
    """A place that holds files by their path below the log's address."""

    @property
    def name(self) -> str:
        """How messages and health call it; neither address nor path is in it."""

    @property
    def place_id(self) -> str:
        """The place itself, whatever its number in the setting: a digest, for the table of what it took."""

    def read(self, path: str) -> bytes | None:
        """The file at `path`, None where there is none. Raises CopyFailed."""

    def write(self, path: str, data: bytes) -> None:
        """Have `data` at `path`, in place of what is there. Raises CopyFailed."""


@dataclass(frozen=True)
class FolderCopy:
    """A folder: a mounted disk or share."""

    name: str
    folder: Path

    @property
    def place_id(self) -> str:
        """As `LogCopy.place_id`."""
        return _digest(str(self.folder))

    def read(self, path: str) -> bytes | None:
        """As `LogCopy.read`."""
        try:
            self._require_mounted()
            return (self.folder / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CopyFailed(
                f"{self.name}: {self.folder / path} cannot be read ({error.strerror})."
            ) from error

    def write(self, path: str, data: bytes) -> None:
        """As `LogCopy.write`."""
        target = self.folder / path
        try:
            self._require_mounted()
            target.parent.mkdir(parents=True, exist_ok=True)
            write_file(target, data, ignores_umask=True)
        except OSError as error:
            raise CopyFailed(f"{self.name}: {target} cannot be written ({error.strerror}).") from error

    def _require_mounted(self) -> None:
        """A share that is not mounted must not look like an empty copy. Raises OSError."""
        if not self.folder.is_dir():
            raise OSError(errno.ENOTDIR, "the folder is not there; is it mounted?", str(self.folder))


@dataclass(frozen=True)
class WebCopy:
    """A base address that answers GET and PUT, such as object storage or another host's WebDAV folder."""

    name: str
    address: str
    token: str = ""

    @property
    def place_id(self) -> str:
        """As `LogCopy.place_id`."""
        return _digest(self.address)

    def read(self, path: str) -> bytes | None:
        """As `LogCopy.read`."""
        answer = self._exchange("GET", path, None)
        if answer.status_code in {404, 410}:
            return None
        return self._require_success(answer, path).content

    def write(self, path: str, data: bytes) -> None:
        """As `LogCopy.write`."""
        self._require_success(self._exchange("PUT", path, data), path)

    def _exchange(self, method: str, path: str, data: bytes | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            with httpx.stream(
                method, f"{self.address}/{path}", content=data, headers=headers, timeout=TIMEOUT_S
            ) as answer:
                body = b""
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise CopyFailed(f"{self.name} answers {path} with more than {MOST_BYTES} bytes.")
                return httpx.Response(answer.status_code, content=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CopyFailed(f"{self.name} gives no answer ({type(error).__name__}).") from error

    def _require_success(self, answer: httpx.Response, path: str) -> httpx.Response:
        if not answer.is_success:
            raise CopyFailed(f"{self.name} answers {answer.status_code} for {path}; see its own log.")
        return answer


def _digest(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()[:16]


_outages: dict[str, Outage] = {}
_failures: dict[str, str] = {}


def is_away(copy: LogCopy) -> bool:
    """Whether the copy failed a moment ago: the log does not wait for it again so soon."""
    return copy.name in _outages and _outages[copy.name].lasts()


def last_failure(copy: LogCopy) -> str:
    """Why it failed then."""
    return _failures.get(copy.name, "")


def note_failure(copy: LogCopy, error: CopyFailed) -> None:
    """Leave the copy alone for a while, and write a line."""
    _failures[copy.name] = str(error)
    _outages.setdefault(copy.name, Outage("JM-LOG-COPY a copy of the log is left behind")).begin(error)


def forget_outages() -> None:
    """Try every copy again at once: an operator is waiting."""
    _outages.clear()


def copy_at(place: str, *, name: str) -> LogCopy:
    """The copy in a folder or at an address."""
    if place.startswith(("http://", "https://")):
        return WebCopy(name, place.rstrip("/"), settings.LOG_COPIES_TOKEN)
    return FolderCopy(name, Path(place))


def log_copies() -> list[LogCopy]:
    """The copies that settings.LOG_COPIES names, in its order."""
    return [copy_at(place, name=f"copy {number}") for number, place in enumerate(settings.LOG_COPIES, 1)]
