"""The hub over HTTP: facts about repositories. Read only, and never a weight or a row.

Endpoints (huggingface.co/docs/hub/api): ``/api/{models,datasets}/ID[/revision/REV]`` and ``.../tree/REV``, whose large
files carry their SHA-256 (``lfs.oid``). A repository that may not be read answers 401 or 403, one that is not there
404, or 401 to whoever has no token; the header ``X-Error-Code`` tells them apart.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from joulemark import __version__, network
from joulemark.errors import BadAnswer, NoConnection, ServerFailed, UsageError
from joulemark.exchange_limits import ExchangeLimits
from joulemark.patience import retry_after_s
from joulemark.record.codec import decode
from joulemark.record.errors import Malformed
from joulemark.record.origin import BadAddress, split_address
from joulemark.translation import gettext as _
from joulemark.translation import marked
from joulemark.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from joulemark.suite.hub_files import RepositoryKind
    from joulemark.suite.lock import RefusalReason

T = TypeVar("T")

DEFAULT_HUB = "https://huggingface.co"
MOST_PAGES = 200
FAMILY = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}", re.ASCII)
"""An architecture's name that may be a slug."""
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
LIMITS = ExchangeLimits(total_s=120.0)
"""Of a question and its answer: a page of a listing has a megabyte at most."""
PARTIAL = 206
PART_IS_STORED = marked("Received data is kept; the same command resumes the download.")
PASSING = frozenset({408, 429})
"""Statuses, beside 5xx, that say nothing of what was asked for."""
_GONE = {"RepoNotFound", "RevisionNotFound", "EntryNotFound", "DisabledRepo"}


class Lfs(msgspec.Struct, frozen=True):
    """A large file's own digest: `oid` is the SHA-256 of its bytes."""

    oid: str
    size: int


class RepositoryEntry(msgspec.Struct, frozen=True):
    """A file or folder of a repository."""

    type: str
    path: str
    size: int = 0
    lfs: Lfs | None = None


class Sibling(msgspec.Struct, frozen=True):
    """A file of a repository by its path."""

    rfilename: str


class ModelConfiguration(msgspec.Struct, frozen=True):
    """What the hub shows of a model's ``config.json``: `model_type` is the architecture's name."""

    model_type: str | None = None


class Tensors(msgspec.Struct, frozen=True):
    """What the hub counts in safetensors: `parameters` by their number format, as `BF16`, and all of them."""

    parameters: dict[str, int] = {}
    total: int | None = None


class Repository(msgspec.Struct, frozen=True):
    """A repository at a commit. `gated` is false, or how access is granted (`auto`, `manual`).

    `created_at` is since when the hub has it (ISO 8601); of all that are older than its record it says 2022-03-02.
    """

    id: str
    sha: str
    gated: bool | str = False
    tags: tuple[str, ...] = ()
    siblings: tuple[Sibling, ...] = ()
    created_at: str | None = msgspec.field(default=None, name="createdAt")
    config: ModelConfiguration | None = None
    safetensors: Tensors | None = None

    @property
    def created_on(self) -> date | None:
        """The day since when the hub has it; None where it does not say."""
        try:
            return datetime.fromisoformat(self.created_at).date() if self.created_at else None
        except ValueError:
            return None

    @property
    def family(self) -> str | None:
        """The architecture's name as a slug; None where the hub does not say, as of models that are several."""
        name = (self.config.model_type if self.config else None) or ""
        return name if FAMILY.fullmatch(name) else None

    @property
    def licence(self) -> str | None:
        """The licence that its page names, in the hub's own spelling."""
        return next((tag.removeprefix("license:") for tag in self.tags if tag.startswith("license:")), None)


def hub_origin(text: str) -> str:
    """A hub's address: `http` or `https`, a host, and a path where a mirror has one. Raises UsageError."""
    try:
        parts = split_address(text)
        httpx.URL(text)
        is_usable = not (parts.query or parts.fragment)
    except (BadAddress, httpx.InvalidURL):
        is_usable = False
    if not is_usable:
        raise UsageError(
            _(
                "The hub {text!a} is not an address such as {default_hub}. Give one with `--hub` or "
                "HF_ENDPOINT."
            ).format(text=text, default_hub=DEFAULT_HUB)
        )
    return text.rstrip("/")


class NotGiven(Exception):
    """The hub does not give a repository: `reason` is `gated` or `vanished`."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(reason)
        self.reason = reason


class HubClient:
    """Asks one hub. Connection errors, 5xx and 429 are tried again as long as `waiting` says.

    `token` is sent to this hub alone and kept nowhere. Raises UsageError when `origin` is no address of a hub.
    """

    def __init__(
        self,
        origin: str = DEFAULT_HUB,
        *,
        token: str | None = None,
        limits: ExchangeLimits = LIMITS,
        waiting: Waiting | None = None,
    ) -> None:
        self.origin = hub_origin(origin)
        self._waiting = waiting or Waiting(self.origin)
        headers = {"User-Agent": f"joulemark/{__version__}", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {network.checked_token(token, source=_('The token'))}"
        self._http: httpx.Client = network.client(
            httpx,
            limits=limits,
            base_url=f"{self.origin}/api/",
            timeout=_TIMEOUT,
            headers=headers,
            follow_redirects=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def repository(self, kind: RepositoryKind, hub_id: str, revision: str | None = None) -> Repository:
        """The repository's facts, on `revision` if one is named. Raises NotGiven or Unreachable."""
        path = f"{kind}/{hub_id}" + (f"/revision/{quote(revision, safe='')}" if revision else "")
        return self._decoded(self._get(path), Repository)

    def files(self, kind: RepositoryKind, hub_id: str, revision: str) -> tuple[RepositoryEntry, ...]:
        """Every file at a commit, over all pages of the answer. Raises NotGiven or Unreachable."""
        url: str | None = f"{kind}/{hub_id}/tree/{quote(revision, safe='')}?recursive=1"
        entries: list[RepositoryEntry] = []
        for _page in range(MOST_PAGES):
            if url is None:
                return tuple(entry for entry in entries if entry.type == "file")
            answer = self._get(url)
            entries += self._decoded(answer, list[RepositoryEntry])
            url = answer.links.get("next", {}).get("url")
        raise BadAnswer(
            _("{origin} has more than {most_pages} pages of files of {hub_id}. Check `--hub`.").format(
                origin=self.origin, most_pages=MOST_PAGES, hub_id=hub_id
            )
        )

    def content(self, kind: RepositoryKind, hub_id: str, revision: str, file: RepositoryEntry) -> bytes:
        """The bytes of a small file at a commit. Raises NotGiven, or Unreachable for another size than listed."""
        answer = self._get(self._address(kind, hub_id, revision, file))
        if len(answer.content) != file.size:
            raise BadAnswer(
                _(
                    "{origin} sent {count} bytes of {path} of {hub_id} instead of the {size} that it "
                    "lists. Run the command again."
                ).format(
                    origin=self.origin,
                    count=len(answer.content),
                    path=file.path,
                    hub_id=hub_id,
                    size=file.size,
                )
            )
        return answer.content

    def add_to_part(
        self,
        kind: RepositoryKind,
        hub_id: str,
        revision: str,
        file: RepositoryEntry,
        part: Path,
        received: Callable[[int], None],
    ) -> None:
        """Append to `part` what it lacks of a file, in one attempt; what came before it broke off stays.

        `received` is told of each piece how many bytes it has. Raises NotGiven, NoConnection, ServerFailed, BadAnswer
        for more bytes than are listed, or OSError.
        """
        begin = part.stat().st_size if part.exists() else 0
        if begin > file.size:
            begin = 0
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if begin:
            headers["Range"] = f"bytes={begin}-"
        address = self._address(kind, hub_id, revision, file)
        try:
            with self._http.stream("GET", address, headers=headers) as answer:
                self._require_given(answer)
                unit, _separator, span = answer.headers.get("content-range", "").partition(" ")
                goes_on = unit == "bytes" and span.startswith(f"{begin}-")
                begin = begin if answer.status_code == PARTIAL and goes_on else 0
                with part.open("r+b" if begin else "wb") as content:
                    content.seek(begin)
                    for piece in answer.iter_raw():  # in the pieces that come: a larger one would be lost
                        content.write(piece)
                        received(len(piece))
                    size = content.tell()
        except httpx.HTTPError as error:
            raise NoConnection(
                _(
                    "{origin} cannot be reached, or closed the connection while sending {path} of "
                    "{hub_id} ({name}). {kept}"
                ).format(
                    origin=self.origin,
                    path=file.path,
                    hub_id=hub_id,
                    name=type(error).__name__,
                    kept=_(PART_IS_STORED),
                ),
                cause=_cause_of(error),
            ) from error
        if size > file.size:
            part.unlink()
            raise BadAnswer(
                _("{origin} sent more than the {size} bytes that it lists for {path}.").format(
                    origin=self.origin, size=file.size, path=file.path
                )
            )
        if size < file.size:
            raise NoConnection(
                _("{origin} closed the connection while sending {path} of {hub_id}. {kept}").format(
                    origin=self.origin, path=file.path, hub_id=hub_id, kept=_(PART_IS_STORED)
                ),
                cause=_("the connection was closed"),
            )

    def _address(self, kind: RepositoryKind, hub_id: str, revision: str, file: RepositoryEntry) -> str:
        folder = "datasets/" if kind == "datasets" else ""
        path = "/".join(quote(part, safe="") for part in file.path.split("/"))
        return f"{self.origin}/{folder}{hub_id}/resolve/{quote(revision, safe='')}/{path}"

    def _decoded(self, answer: httpx.Response, kind: type[T]) -> T:
        try:
            return decode(answer.content, kind, what="answer")
        except Malformed as error:
            raise BadAnswer(
                _("{origin} does not answer like a hub. {error} Check `--hub`.").format(
                    origin=self.origin, error=error
                )
            ) from error

    def _get(self, path: str) -> httpx.Response:
        return self._given(self._waiting.call(lambda: self._attempt(path)))

    def _attempt(self, path: str) -> httpx.Response:
        """An answer that says something of what was asked for. Raises NoConnection or ServerFailed."""
        try:
            answer = self._http.get(path)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise UsageError(
                _("The hub {origin} redirects to an address that cannot be used. Check `--hub`.").format(
                    origin=self.origin
                )
            ) from error
        except httpx.HTTPError as error:
            raise NoConnection(
                _(
                    "{origin} cannot be reached ({name}). Nothing was written; check the network and `--hub`."
                ).format(origin=self.origin, name=type(error).__name__),
                cause=_cause_of(error),
            ) from error
        self._require_passed(answer, _("Nothing was written."))
        return answer

    def _require_passed(self, answer: httpx.Response, outcome: str) -> None:
        if answer.status_code < 500 and answer.status_code not in PASSING:
            return
        raise ServerFailed(
            _("{origin} failed with an internal error (HTTP {status_code}). {outcome}").format(
                origin=self.origin, status_code=answer.status_code, outcome=outcome
            ),
            status=answer.status_code,
            retry_after_s=retry_after_s(answer.headers.get("retry-after"), datetime.now(UTC)),
        )

    def _require_given(self, answer: httpx.Response) -> None:
        self._require_passed(answer, _(PART_IS_STORED))
        self._given(answer)

    def _given(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        if answer.status_code in (404, 410) or answer.headers.get("X-Error-Code") in _GONE:
            raise NotGiven("vanished")
        if answer.status_code in (401, 403):
            raise NotGiven("gated")
        raise BadAnswer(
            _("{origin} answered with HTTP {status_code}. Check `--hub`.").format(
                origin=self.origin, status_code=answer.status_code
            )
        )


def _cause_of(error: httpx.HTTPError) -> str:
    """Why there is no answer, as a clause."""
    if isinstance(error, httpx.TimeoutException):
        return _("no answer in time")
    return _("no connection") if isinstance(error, httpx.ConnectError) else _("the connection was closed")
