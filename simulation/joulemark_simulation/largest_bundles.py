"""Bundles whose traces are as long as the door lets pass: what a stranger may send to fill a worker's memory."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from joulemark.record import trace
from joulemark.record.codec import encode
from joulemark.record.limits import MAX_TRACE_BYTES
from joulemark.record.statement import Predicate
from joulemark_simulation import records

STEP = 300
"""The smallest number that Python does not share between all its places: the most memory for the fewest bytes."""

ROOM = 1000
"""Bytes for names and brackets of the columns that are added."""


def largest_bundle(number: int, *, clients: int = 1) -> bytes:
    """Bundle `number` of the clients in turn: some 30 KB, whose trace inflates to all but MAX_TRACE_BYTES."""
    base = records.trace(queries=15, salt=number)
    spare = MAX_TRACE_BYTES - len(encode(base)) - ROOM
    column = (STEP,) * (spare // 4 // len(f"{STEP},"))
    gauges = tuple(
        trace.Gauge(name=name, unit="count", t_us=column, value=column) for name in ("others", "more")
    )
    key = records.signing_key(1 + number % clients)
    return records.bundle(key=key, of=replace(base, gauges=gauges), change=_of_an_hour).to_bytes()


def _of_an_hour(predicate: Predicate) -> Predicate:
    """A session in which so many numbers can be read."""
    return replace(predicate, started_at=predicate.ended_at - timedelta(hours=1))
