"""Compression of a stream as the client negotiates it (RFC 9110, 12.5.3), in memory that does not grow."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Literal, get_args

from measurements.streams.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Encoding = Literal["zstd", "gzip", "identity"]
PREFERRED: tuple[Encoding, ...] = get_args(Encoding)
"""Where a client wants several alike: zstd is made for speed, and the quickest of both to read."""
GZIP_LEVEL = 4
GZIP_FORMAT = 31
"""zlib's number for the largest window with a gzip header."""


def negotiated(accept_encoding: str) -> Encoding | None:
    """The encoding that the header likes best; None where it refuses all that there are, identity included."""
    weights = _weights(accept_encoding)
    anything = weights.get("*", 0.0)
    preference = {name: weights.get(name, anything) for name in PREFERRED}
    if "identity" not in weights and "*" not in weights:
        preference["identity"] = 0.001  # acceptable unless it is refused, and liked less than what is named
    best = max(PREFERRED, key=lambda name: (preference[name], -PREFERRED.index(name)))
    return best if preference[best] > 0 else None


def _weights(header: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        if not name:
            continue
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                try:
                    weight = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    weight = 0.0
        weights["gzip" if name == "x-gzip" else name] = weight
    return weights


def encoded(blocks: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    """The blocks compressed, without empty ones."""
    match encoding:
        case "identity":
            pieces: Iterable[bytes] = blocks
        case "gzip":
            pieces = _gzip(blocks)
        case "zstd":
            pieces = _zstd(blocks)
    return (piece for piece in pieces if piece)


def _gzip(blocks: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_FORMAT)
    for block in blocks:
        yield compressor.compress(block)
    yield compressor.flush()


def _zstd(blocks: Iterable[bytes]) -> Iterator[bytes]:
    import pyarrow as pa

    pieces = Pieces()
    with pa.CompressedOutputStream(pieces, "zstd") as compressor:
        for block in blocks:
            compressor.write(block)
            yield pieces.take()
    yield pieces.take()
