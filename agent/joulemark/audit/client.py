"""The platform's public files and answers, as an audit reads them: no key, no ticket, nothing sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from joulemark.audit.findings import InvalidLog
from joulemark.errors import Refused
from joulemark.log.leaf import Fact
from joulemark.log.tiles import MOST_ENTRY_BYTES, TILE_WIDTH, decode_entries
from joulemark.record.codec import Answer
from joulemark.record.errors import RecordError
from joulemark.record.field_types import Sha256
from joulemark.record.limits import MAX_BUNDLE_BYTES
from joulemark.record.messages import ResultStatus
from joulemark.record.statement import Count
from joulemark.suite.archive import MAX_ARCHIVE_BYTES
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.log.tiles import EntryBundle, Tile
    from joulemark.platform_client import PlatformClient

MOST_BYTES = TILE_WIDTH * (MOST_ENTRY_BYTES + 2)
"""The largest bundle of entries, in bytes; nothing that is read here is larger."""
PAGE = 500
NOT_FOUND = 404


class LogRow(Answer, frozen=True, kw_only=True):
    """An entry as the platform's tables have it now; `facts` is null where its row is gone."""

    index: Count
    kind: str
    subject: str
    facts: dict[str, Fact] | None


class LogRows(Answer, frozen=True, kw_only=True):
    """A stretch of the log, out of the tables."""

    rows: tuple[LogRow, ...]


class PublicResult(Answer, frozen=True, kw_only=True):
    """A result in the public list; its numbers are null while it has none. Energy in joules."""

    result_id: Sha256
    state: str = ""
    task: str | None = None
    dataset: str | None = None
    model: str | None = None
    queries: Count | None = None
    energy_per_query_j: float | None = None


class Listing(Answer, frozen=True, kw_only=True):
    """A page of the public list."""

    results: tuple[PublicResult, ...]
    next: str | None


class Platform:
    """One platform, read through `client`. What cannot be reached or read raises Unreachable."""

    def __init__(self, client: PlatformClient) -> None:
        self._client = client

    def checkpoint(self) -> str:
        """The newest signed checkpoint. Raises Broken (JM-LOG-MISSING)."""
        try:
            return self._log("checkpoint").decode()
        except UnicodeDecodeError as error:
            raise InvalidLog(
                "JM-NOTE", _("The checkpoint is not text; ask the platform's operator.")
            ) from error

    def tile(self, tile: Tile) -> bytes:
        """The hashes of a tile; of a full one where the partial one is gone. Raises Broken (JM-LOG-MISSING)."""
        try:
            return self._log(tile.path)
        except InvalidLog:
            if tile.width == TILE_WIDTH:
                raise
            return self._log(tile._replace(width=TILE_WIDTH).path)[: tile.width * 32]

    def entries(self, bundle: EntryBundle) -> list[bytes]:
        """The entries of a bundle. Raises Broken (JM-LOG-MISSING, JM-ENTRIES)."""
        try:
            data = self._log(bundle.path)
        except InvalidLog:
            if bundle.width == TILE_WIDTH:
                raise
            data = self._log(bundle._replace(width=TILE_WIDTH).path)
        try:
            entries = decode_entries(data)
        except RecordError as error:
            raise InvalidLog(error.code, f"{bundle.path}: {error}") from error
        if len(entries) < bundle.width:
            raise InvalidLog(
                "JM-ENTRIES",
                _("{path} has {count} entries instead of {width}.").format(
                    path=bundle.path, count=len(entries), width=bundle.width
                ),
            )
        return entries[: bundle.width]

    def rows(self, start: int, end: int) -> dict[int, LogRow]:
        """Entries `start` to `end` (without it) as the tables have them now, by index."""
        answer = self._client.read(f"log/rows/?start={start}&end={end}", LogRows, most_bytes=MOST_BYTES)
        return {row.index: row for row in answer.rows}

    def bundle(self, result_id: str) -> bytes | None:
        """The bytes of a result; None when the platform has them no more."""
        try:
            return self._client.fetch(f"api/v1/results/{result_id}/bundle", most_bytes=MAX_BUNDLE_BYTES)
        except Refused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise

    def suite(self, digest: str) -> bytes | None:
        """The archive of a suite; None when the platform hands it out no more."""
        try:
            return self._client.fetch(f"api/v1/suites/{digest}.tar", most_bytes=MAX_ARCHIVE_BYTES)
        except Refused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise

    def status(self, result_id: str) -> ResultStatus | None:
        """Where a result stands; None when the platform does not know it."""
        try:
            return self._client.result(result_id)
        except Refused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise

    def listed(self) -> Iterator[PublicResult]:
        """All results that the platform lists in public."""
        page = 1
        while True:
            path = f"results/?page_size={PAGE}&page={page}"
            listing = self._client.read(path, Listing, most_bytes=MOST_BYTES)
            yield from listing.results
            if listing.next is None:
                return
            page += 1

    def _log(self, path: str) -> bytes:
        try:
            return self._client.fetch(f"log/{path}", most_bytes=MOST_BYTES)
        except Refused as refused:
            raise InvalidLog(
                "JM-LOG-MISSING",
                _("The log does not serve {path} ({refused}). Ask the platform's operator for it.").format(
                    path=path, refused=refused
                ),
            ) from refused
