"""An answer as it is kept: what it says, compressed, and the headers that its view has given it."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, TypeVar

import msgspec
from django.http import HttpResponse
from django.utils.cache import patch_vary_headers

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

Response = TypeVar("Response", bound="HttpResponseBase")
GZIP_LEVEL, LARGE_GZIP_LEVEL = 6, 4
"""Of an answer, and of one of `LARGE_BYTES` and more: a tenth more bytes for half of the time."""
LARGE_BYTES = 200_000
TOKEN = b"csrfmiddlewaretoken"
"""The name of a form's secret, which is one reader's."""
OVERHEAD_BYTES = 1024
"""What an answer takes in memory beside its compressed bytes, about."""


class StoredAnswer(msgspec.Struct, frozen=True):
    """A 200 whose tag is `tag`. `notes` are what its view has noted for whoever reads it."""

    tag: str
    headers: tuple[tuple[str, str], ...]
    compressed: bytes
    notes: frozenset[tuple[str, ...]]

    @property
    def n_bytes(self) -> int:
        """What it takes in memory, about."""
        return len(self.compressed) + OVERHEAD_BYTES

    def response(self, *, as_gzip: bool) -> HttpResponse:
        """The answer to a client that takes gzip, or to one that does not."""
        content = self.compressed if as_gzip else gzip.decompress(self.compressed)
        response = HttpResponse(content, headers=dict(self.headers))
        if as_gzip:
            response.headers["Content-Encoding"] = "gzip"
        return tagged(response, self.tag, as_gzip=as_gzip)


_DECODER = msgspec.msgpack.Decoder(StoredAnswer)


def store(response: HttpResponse, *, tag: str, notes: frozenset[tuple[str, ...]]) -> StoredAnswer:
    """Compress an answer. The same answer gives the same bytes: no time is in them."""
    level = LARGE_GZIP_LEVEL if len(response.content) >= LARGE_BYTES else GZIP_LEVEL
    return StoredAnswer(
        tag=tag,
        headers=tuple(response.headers.items()),
        compressed=gzip.compress(response.content, level, mtime=0),
        notes=notes,
    )


def encode(answer: StoredAnswer) -> bytes:
    """The answer as bytes, for a cache that processes share."""
    return msgspec.msgpack.encode(answer)


def decode(data: bytes) -> StoredAnswer | None:
    """The answer out of bytes; None for what another version of the software has written."""
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError:
        return None


def is_storable(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether an answer is for everybody: it sets no cookie, and did not ask who its reader is."""
    session = getattr(request, "session", None)
    return (
        isinstance(response, HttpResponse)
        and response.status_code == 200
        and not response.cookies
        and "no-store" not in response.headers.get("Cache-Control", "")
        and not (session is not None and session.accessed)
        and TOKEN not in response.content
    )


def tagged(response: Response, tag: str, *, as_gzip: bool) -> Response:
    """Give a response its tag: compressed bytes are other bytes, and have one of their own (RFC 9110, 8.8.3.3)."""
    response.headers["ETag"] = strong_tag(tag, as_gzip=as_gzip)
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def strong_tag(tag: str, *, as_gzip: bool) -> str:
    """The value of the header."""
    return f'"{tag}-gzip"' if as_gzip else f'"{tag}"'


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client takes gzip (RFC 9110, 12.5.3): named, or meant by `*`, with a weight above zero."""
    weights = dict(map(_weight, accept_encoding.lower().split(",")))
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(coding: str) -> tuple[str, float]:
    name, _, parameter = coding.partition(";")
    text = parameter.strip().removeprefix("q=")
    try:
        return name.strip(), float(text) if text else 1.0
    except ValueError:
        return name.strip(), 0.0
