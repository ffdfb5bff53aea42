"""The raw trace: every tick of every sensor, and when each query ran. It travels with the result.

All numbers are integers in the sensor's own unit, so nothing is rounded and nothing can be NaN. Columns are stored as
first differences (the first element is the difference from 0), which keeps a long trace small after compression.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import Malformed, TooLarge
from joulemark.record.field_types import Sha256, Slug
from joulemark.record.limits import MAX_TRACE_BYTES
from joulemark.record.statement import Amount, Count, Positive
from joulemark.translation import gettext as _

Delta = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Column = Annotated[tuple[Delta, ...], Meta(max_length=2_000_000)]

Coverage = Literal["full", "part-time", "unknown"]
"""Whether a counter looks at the power all the time, or only a part of it."""
HostScope = Literal["cpu", "dram"]
StreamScope = Literal["gpu", HostScope]
"""What one counter counts; `joulemark.record.statement.Scope` is what a result's energy covers."""
CountUnit = Literal["mJ", "uJ", "cpu-us"]
GaugeUnit = Literal["mW", "C", "mask", "count", "cpu-ms"]
IdleKind = Literal["idle-before", "idle-after"]
BusyKind = Literal["warm-up", "control", "window"]
SizeUnit = Literal["characters", "pixels"]
Mode = Literal["throughput", "latency"]

ANSWER_BYTES = 4
"""Enough to tell whether two runs answered alike, and small beside the ticks: 4 KB for 1,000 queries."""


class Timing(Record, frozen=True, kw_only=True):
    """How a counter keeps time, as the probe found it on this machine before the run (docs/method.md).

    `spread` is the relative spread of the probe's trains, None where it could not run.
    It moves every `period_us`; what happened is told `delay_us` later on average, and wholly after `settle_us`. A
    part-time counter that looks at the end of each period takes it for the whole: its delay is below 0.
    `coverage` says whether it looks at the power all the time or only a part of it.
    """

    period_us: Annotated[int, Meta(ge=1, le=10_000_000)]
    settle_us: Annotated[int, Meta(ge=0, le=10_000_000)]
    delay_us: Annotated[int, Meta(ge=-1_000_000, le=5_000_000)]
    coverage: Coverage
    spread: Amount | None = None


class Stream(Record, frozen=True, kw_only=True):
    """One cumulative counter. Joules = value x `joules_per_unit`; `wraps_at` is its modulus in units, if it wraps.

    A stream with `timing` is read by the `bracket` estimator, one without by `counter`. `stamp_us` and `latency_us` are
    what the driver says of each reading, as they come: its stamp in microseconds since 1970 and how long it took, 0
    where it says nothing; both are empty where no reading has them.
    """

    name: Slug
    scope: StreamScope
    unit: CountUnit
    joules_per_unit: Positive
    wraps_at: Count | None
    t_us: Column
    value: Column
    timing: Timing | None = None
    stamp_us: Column = ()
    latency_us: Column = ()


class Gauge(Record, frozen=True, kw_only=True):
    """Something that is read and not counted: power, temperature, limit, reasons for slow clocks, processes.

    `mask` are the bits of NVML's clock event reasons, `count` a number of things. `cpu-ms` is processor time since the
    run began, in milliseconds: of the run itself (`cpu-own`) and of everybody else (`cpu-foreign`).
    """

    name: Slug
    unit: GaugeUnit
    t_us: Column
    value: Column


class Span(Record, frozen=True, kw_only=True):
    """A named stretch of the run, in microseconds on the trace's clock.

    `control` is a stretch of the control kernel. `rest` is the pause behind any work: the sensor settles in it and the
    idle power is seen.
    """

    kind: Literal[IdleKind, BusyKind, "rest"]
    start_us: Count
    end_us: Count

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return (self.end_us - self.start_us) / 1e6


class Queries(Record, frozen=True, kw_only=True):
    """The queries of one window in order, in microseconds: durations, and when each began.

    Either `start_us` (first differences of the starts) or `gap_us`, which compresses better: the time from the
    window's start to the first query, then from each query's end to the next one's start. The other is empty.
    """

    start_us: Column = ()
    duration_us: Column
    gap_us: Column = ()

    def starts_us(self, window_us: int) -> tuple[int, ...]:
        """When each query began on the trace's clock, in a window that began at `window_us`."""
        if not self.gap_us:
            return from_deltas(self.start_us)
        before = (window_us, *self.duration_us)
        return tuple(accumulate(gap + last for gap, last in zip(self.gap_us, before, strict=False)))


class Population(Record, frozen=True, kw_only=True):
    """All queries that a run of parts draws from, in the order drawn by the seed; its windows run them consecutively.

    `sizes` says of each how large it is, known without running it: characters of its texts or pixels of its pictures
    (`unit`); empty with `unit` None where neither can be counted. `inputs_sha256` digests what all of them give the
    model, in the data set's order.
    """

    queries: Annotated[int, Meta(ge=1, le=100_000)]
    inputs_sha256: Sha256
    sizes: Annotated[tuple[Count, ...], Meta(max_length=100_000)] = ()
    unit: SizeUnit | None = None

    def __post_init__(self) -> None:
        """Each query has a size, or none has. Raises ValueError, which decoding reports as a schema fault."""
        if len(self.sizes) != (0 if self.unit is None else self.queries):
            raise ValueError(
                f"the population has {self.queries} queries and {len(self.sizes)} sizes in {self.unit or 'no unit'}"
            )

    def content_sha256(self, places: Sequence[int]) -> str:
        """SHA-256 in hex over what the queries give the model and their sizes, in the data set's order.

        `places` says where each query in the drawn order stands in the data set. Whoever ran the same population has
        the same digest, whatever the seed was. Raises ValueError unless `places` are all places.
        """
        if sorted(places) != list(range(self.queries)):
            raise ValueError("the places must be those of all queries")
        sizes = [0] * len(self.sizes)
        for place, size in zip(places, self.sizes, strict=False):
            sizes[place] = size
        lines = [self.inputs_sha256, self.unit or "", *map(str, sizes)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Trace(Record, frozen=True, kw_only=True):
    """A run as the sensors saw it. `queries` has one entry for each window span, in order.

    In `throughput` the queries of a window follow each other at once; in `latency` there are pauses between them, and
    the energy of a query is that of the time in which it ran.

    `answers` holds the first ANSWER_BYTES bytes of the SHA-256 of each answer of the first pass over the sample, in
    the sample's order; an answer's digest is that of its line among the outputs, `answer_digest`.

    `population` is there where the windows ran parts of a larger number of queries, None where each ran the sample.
    """

    version: Literal[1]
    streams: Annotated[tuple[Stream, ...], Meta(min_length=1, max_length=64)]
    spans: Annotated[tuple[Span, ...], Meta(min_length=1, max_length=20000)]
    queries: Annotated[tuple[Queries, ...], Meta(min_length=1, max_length=10000)]
    gauges: Annotated[tuple[Gauge, ...], Meta(max_length=64)] = ()
    mode: Mode = "throughput"
    answers: Annotated[bytes, Meta(max_length=4_000_000)] = b""
    population: Population | None = None

    def answer_digests(self) -> tuple[str, ...]:
        """The answers' short digests in lower-case hex, in the sample's order; what is left over at the end is none."""
        text = self.answers.hex()
        return tuple(text[at : at + 2 * ANSWER_BYTES] for at in range(0, len(text), 2 * ANSWER_BYTES))

    def windows(self) -> tuple[Span, ...]:
        """The spans that count, in order."""
        return tuple(span for span in self.spans if span.kind == "window")

    def gauge(self, name: str) -> Gauge | None:
        """The gauge of this name, if the run has it."""
        return next((gauge for gauge in self.gauges if gauge.name == name), None)


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
        raise TooLarge(
            "JM-TRACE-SIZE",
            _("The trace has {count} bytes; the limit is {max_trace_bytes}.").format(
                count=len(raw), max_trace_bytes=MAX_TRACE_BYTES
            ),
        )
    return raw, zlib.compress(raw, 9)


def unpack(compressed: bytes) -> bytes:
    """The raw bytes of a compressed trace; never inflates more than MAX_TRACE_BYTES.

    Raises TooLarge (JM-TRACE-SIZE) or Malformed (JM-TRACE-ENCODING).
    """
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(compressed, MAX_TRACE_BYTES + 1)
    except zlib.error as error:
        raise Malformed("JM-TRACE-ENCODING", _("The trace is not zlib data.")) from error
    if len(raw) > MAX_TRACE_BYTES:
        raise TooLarge(
            "JM-TRACE-SIZE",
            _("The trace inflates to more than {max_trace_bytes} bytes.").format(
                max_trace_bytes=MAX_TRACE_BYTES
            ),
        )
    if not inflater.eof or inflater.unused_data:
        raise Malformed(
            "JM-TRACE-ENCODING", _("The compressed trace is cut short or has bytes behind its end.")
        )
    return raw


def parse(raw: bytes) -> Trace:
    """Decode raw trace bytes. Raises Malformed."""
    return decode(raw, Trace, what="trace")


def output_line(query_id: str, value: str) -> bytes:
    """An answer as it is digested: compact JSON `[query id, value]` and a line feed."""
    return msgspec.json.encode([query_id, value]) + b"\n"


def answer_digest(query_id: str, value: str) -> bytes:
    """The first ANSWER_BYTES bytes of the SHA-256 of the answer's line."""
    return hashlib.sha256(output_line(query_id, value)).digest()[:ANSWER_BYTES]


def sha256(data: bytes) -> str:
    """SHA-256 of `data` in lower-case hex."""
    return hashlib.sha256(data).hexdigest()
