"""The raw trace: every tick of every sensor, and when each query ran. It travels with the result.

All numbers are integers in the sensor's own unit, so nothing is rounded and nothing can be NaN. Columns are stored as
first differences (the first element is the difference from 0), which keeps a long trace small after compression.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Annotated, Literal

from msgspec import Meta

from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import Malformed, TooLarge
from joulemark.record.limits import MAX_TRACE_BYTES
from joulemark.record.statement import Count, Positive, Slug

Delta = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Column = Annotated[tuple[Delta, ...], Meta(max_length=2_000_000)]


class Stream(Record, frozen=True, kw_only=True):
    """One cumulative counter. Joules = value x `joules_per_unit`; `wraps_at` is its modulus in units, if it wraps."""

    name: Slug
    scope: Literal["gpu", "cpu", "dram"]
    unit: Literal["mJ", "uJ", "cpu-us"]
    joules_per_unit: Positive
    wraps_at: Count | None
    t_us: Column
    value: Column


class Span(Record, frozen=True, kw_only=True):
    """A named stretch of the run, in microseconds on the trace's clock."""

    kind: Literal["idle-before", "warm-up", "window", "idle-after"]
    start_us: Count
    end_us: Count


class Queries(Record, frozen=True, kw_only=True):
    """The queries of one window in order: start (first differences) and duration, in microseconds."""

    start_us: Column
    duration_us: Column


class Trace(Record, frozen=True, kw_only=True):
    """A run as the sensors saw it. `queries` has one entry for each window span, in order."""

    version: Literal[1]
    streams: Annotated[tuple[Stream, ...], Meta(min_length=1, max_length=64)]
    spans: Annotated[tuple[Span, ...], Meta(min_length=1, max_length=20000)]
    queries: Annotated[tuple[Queries, ...], Meta(min_length=1, max_length=10000)]

    def windows(self) -> tuple[Span, ...]:
        """The spans that count, in order."""
        return tuple(span for span in self.spans if span.kind == "window")


def to_deltas(values: Iterable[int]) -> tuple[int, ...]:
    """First differences, the first one from 0."""
    return tuple(b - a for a, b in pairwise((0, *values)))


def from_deltas(deltas: Iterable[int]) -> tuple[int, ...]:
    """The inverse of `to_deltas`."""
    return tuple(accumulate(deltas))


def pack(trace: Trace) -> tuple[bytes, bytes]:
    """(raw, compressed) bytes of `trace`. Raises TooLarge when the raw bytes exceed MAX_TRACE_BYTES."""
    raw = encode(trace)
    if len(raw) > MAX_TRACE_BYTES:
        raise TooLarge("JM-TRACE-SIZE", f"The trace has {len(raw)} bytes; the limit is {MAX_TRACE_BYTES}.")
    return raw, zlib.compress(raw, 9)


def unpack(compressed: bytes) -> bytes:
    """The raw bytes of a compressed trace; never inflates more than MAX_TRACE_BYTES.

    Raises TooLarge (JM-TRACE-SIZE) or Malformed (JM-TRACE-ENCODING).
    """
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(compressed, MAX_TRACE_BYTES + 1)
    except zlib.error as error:
        raise Malformed("JM-TRACE-ENCODING", f"The trace is not zlib data: {error}.") from error
    if len(raw) > MAX_TRACE_BYTES:
        raise TooLarge("JM-TRACE-SIZE", f"The trace inflates to more than {MAX_TRACE_BYTES} bytes.")
    if not inflater.eof or inflater.unused_data:
        raise Malformed("JM-TRACE-ENCODING", "The compressed trace is cut short or has bytes behind its end.")
    return raw


def parse(raw: bytes) -> Trace:
    """Decode raw trace bytes. Raises Malformed."""
    return decode(raw, Trace, what="trace")


def sha256(data: bytes) -> str:
    """SHA-256 of `data` in lower-case hex."""
    return hashlib.sha256(data).hexdigest()
