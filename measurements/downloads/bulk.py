"""A whole list as one file, streamed: who may have one now, its headers, and what ends it."""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import BooleanField, QuerySet, Value
from django.http import HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.utils.http import parse_etags
from django.utils.timezone import now

from joulemark.release.columns import DATA_LICENCE, DATA_LICENCE_URL
from measurements.answer_cache.software_digest import shown_digest
from measurements.answer_cache.table_versions import versions_at, versions_of
from measurements.boards.board_query import BadValue
from measurements.downloads.resource import in_order, ordered
from measurements.intake.rates import prefix_of
from measurements.intake.refusals import BadRequest
from measurements.ledger.checkpoint_times import checkpoint_size_at
from measurements.streams.columns import StreamColumn
from measurements.streams.encodings import negotiated
from measurements.streams.errors import StreamBroken
from measurements.streams.row_stream import MEDIA_TYPES, RowStream
from measurements.streams.slots import SLOTS, TooManyStreams
from measurements.streams.sockets import limit_silence, raise_if_gone
from measurements.web.file_parts import with_headers
from measurements.web.file_schema import BOM
from measurements.web.links import exact_time
from measurements.web.problems import problem
from measurements.web.simulated import FIELD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

    from measurements.downloads.resource import Field, Query
    from measurements.streams.row_stream import Form

logger = logging.getLogger(__name__)

BUSY_WAIT_S = 30
"""After so long it is worth asking again: most streams end within it."""
OF_ONE_CLIENT = 1
"""Streams of one network at once in one process, where there is room for more than one."""
READER_GONE = 499
"""What proxies note where a reader hung up before there was an answer: nobody sees it."""
SENT_BYTES = 64 * 1024
"""Handed to the server at once: a reader has so much to take within the silence that is allowed (`limit_silence`)."""
AS_OF, CHECKPOINT = "Joulemark-As-Of", "Joulemark-Checkpoint"


@dataclass(frozen=True, kw_only=True)
class StreamBody:
    """Writes everything that a query of a resource finds in one form (`resource_formats.Body`)."""

    form: Form

    def __call__(self, request: Request, query: Query) -> HttpResponseBase:
        """The rows as a stream; 304 for who has them; 406, 429 or 503 with a problem document."""
        http_request = request._request
        has_bom = _flag(BOM, query.written.get(BOM, "0"))
        encoding = negotiated(request.headers.get("Accept-Encoding", ""))
        if encoding is None:
            return problem(
                status=406,
                code="JM-HTTP-406",
                detail="The file is sent as it is, or compressed by gzip or zstd: accept one of them.",
            )
        if self.form == "parquet":
            encoding = "identity"  # its columns are compressed
        headers = self._headers(query, tag=_tag(http_request, query, self.form, encoding))
        if encoding != "identity":
            headers["Content-Encoding"] = encoding
        if headers.get("ETag", "").removeprefix("W/") in _known_tags(http_request):
            return with_headers(HttpResponseNotModified(), headers)
        if request.method == "HEAD":
            return self._answer(iter(()), headers)
        try:
            give_back = _slot(http_request)
        except TooManyStreams as error:
            return _busy(error)
        try:
            stream = RowStream(
                _rows(query, is_simulated=_is_simulated(http_request)),
                [*map(_column, query.fields), _simulated(http_request)],
                self.form,
                encoding=encoding,
                has_bom=has_bom,
                metadata=_metadata(query, headers),
                limit_s=settings.STREAM_LIMIT_S,
                watch=partial(raise_if_gone, http_request.META),
            )
        except ConnectionResetError:
            give_back()
            return HttpResponse(status=READER_GONE)
        except BaseException:
            give_back()
            raise
        limit_silence(http_request.META, settings.STREAM_SILENCE_S)
        return self._answer(TimedStream(stream, settings.STREAM_LIMIT_S, give_back), headers)

    def _answer(self, pieces: Iterator[bytes], headers: dict[str, str]) -> HttpResponseBase:
        answer = StreamingHttpResponse(pieces, content_type=MEDIA_TYPES[self.form])
        return with_headers(answer, headers)

    def _headers(self, query: Query, *, tag: str | None) -> dict[str, str]:
        at = now()
        size = checkpoint_size_at(at)
        name = "-".join(["joulemark", query.resource.name, *query.path.values(), f"{at:%Y-%m-%d}"])
        licence = DATA_LICENCE_URL if query.resource.licence == DATA_LICENCE else ""
        return {
            "Content-Disposition": f'attachment; filename="{_plain(name)}.{self.form}"',
            "Cache-Control": "no-cache",
            "Vary": "Accept, Accept-Encoding",
            "Accept-Ranges": "none",
            AS_OF: exact_time(at),
            **({CHECKPOINT: str(size)} if size is not None else {}),
            **({"Link": f'<{licence}>; rel="license"'} if licence else {}),
            **({"ETag": tag} if tag else {}),
        }


class TimedStream:
    """The pieces of a stream for a server to send, each of SENT_BYTES at most.

    Whoever closes it ends the query and gives its slot back. Its end does so too, before the server tells the reader of
    it: a program that asks for one list after another is never told that it has one already.
    """

    def __init__(self, stream: RowStream, limit_s: float, give_back: Callable[[], None]) -> None:
        self._stream, self._limit_s, self._give_back = stream, limit_s, give_back
        self._until_s = time.monotonic() + limit_s
        self._piece, self._sent = b"", 0

    def __iter__(self) -> Iterator[bytes]:
        """The pieces in their order."""
        return self

    def __next__(self) -> bytes:
        """Return the next piece. Raises StreamBroken at the end of the time: what has come is not all of it."""
        if time.monotonic() > self._until_s:
            logger.info("a download was not read within %.0f s and is cut", self._limit_s)
            raise StreamBroken("The time for one download is over.")
        if self._sent >= len(self._piece):
            self._piece, self._sent = self._next(), 0
            if len(self._piece) <= SENT_BYTES:
                self._sent = SENT_BYTES
                return self._piece
        start, self._sent = self._sent, self._sent + SENT_BYTES
        return self._piece[start : self._sent]

    def _next(self) -> bytes:
        try:
            return next(self._stream)
        except StopIteration:
            self.close()
            raise

    def close(self) -> None:
        """End the query, wherever it is. May be called twice."""
        try:
            self._stream.close()
        finally:
            self._give_back()


def _rows(query: Query, *, is_simulated: bool) -> QuerySet[Any] | list[tuple[Any, ...]]:
    rows = query.rows()
    if isinstance(rows, QuerySet):
        return ordered(rows, query.order)
    return [(*(row[each.name] for each in query.fields), is_simulated) for row in in_order(rows, query.order)]


def _column(each: Field) -> StreamColumn:
    """Of what is joined anything may be missing, whatever the description says of the table."""
    return StreamColumn(
        name=each.name,
        kind=each.column.kind,
        source=each.source,
        is_plain=bool(each.choices),
        convert=each.convert,
    )


def _simulated(request: HttpRequest) -> StreamColumn:
    value = Value(_is_simulated(request), output_field=BooleanField())
    return StreamColumn(name=FIELD, kind="bool", source=value, is_nullable=False)


def _is_simulated(request: HttpRequest) -> bool:
    return bool(getattr(request, FIELD, False))


def _flag(name: str, text: str) -> bool:
    """0 or 1. Raises BadRequest."""
    if text not in ("0", "1"):
        refusal = BadValue(f"The value of {name} is 0 or 1.")
        raise BadRequest(refusal.code, str(refusal))
    return text == "1"


def _slot(request: HttpRequest) -> Callable[[], None]:
    """Take a slot for the client's network. Raises TooManyStreams."""
    most = max(settings.STREAMS, 1)
    network = prefix_of(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return SLOTS.take(network or "", most=most, most_of_one=OF_ONE_CLIENT if network else most)


def _busy(error: TooManyStreams) -> HttpResponseBase:
    if error.is_own:
        answer = problem(
            status=429,
            code="JM-STREAM-OWN",
            detail=f"Your network is receiving a file of rows already: let it end, or ask again in {BUSY_WAIT_S} s.",
        )
    else:
        answer = problem(
            status=503,
            code="JM-STREAM-BUSY",
            detail=f"This platform is sending as many files of rows as it may: ask again in {BUSY_WAIT_S} s. "
            "The files of a release are there at any time.",
        )
    answer["Retry-After"] = str(BUSY_WAIT_S)
    return answer


def _tag(request: HttpRequest, query: Query, form: Form, encoding: str) -> str | None:
    """A weak tag of the question and of the versions that the tables had before any row was read."""
    versions = versions_at(request)
    if versions is None:
        return None
    tables = sorted(frozenset[str]().union(*(source.tables for source in query.resource.sources)))
    parts = (
        request.get_full_path(), form, encoding, shown_digest(), str(_is_simulated(request)),
        *versions_of(tables, versions),
    )  # fmt: skip
    return f'W/"{hashlib.sha256(chr(0).join(parts).encode(errors="surrogateescape")).hexdigest()[:32]}"'


def _known_tags(request: HttpRequest) -> set[str]:
    return {tag.removeprefix("W/") for tag in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))}


def _metadata(query: Query, headers: dict[str, str]) -> dict[str, str]:
    """What a Parquet file says of itself."""
    return {
        "source": f"{settings.ORIGIN}/",
        "resource": query.resource.name,
        "licence": query.resource.licence,
        "as_of": headers[AS_OF],
        "checkpoint": headers.get(CHECKPOINT, ""),
    }


def _plain(name: str) -> str:
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-._") else "-" for letter in name
    )
