"""What a sampler keeps of what it reads: every change, and the read before it where that is close."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from joulemark.meters.meter import Stamp, Tick
from joulemark.record.trace import Gauge, Stream, to_deltas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.meters.meter import GaugeInfo, Reading, StreamInfo
    from joulemark.record.trace import Timing

NO_STAMP = Stamp(0, 0)


class Column:
    """Times and values of one quantity, 16 bytes an entry."""

    def __init__(self) -> None:
        self.t_us = array("q")
        self.value = array("q")

    def add(self, tick: Tick) -> None:
        """Append the time and value of one tick."""
        self.t_us.append(tick.t_us)
        self.value.append(tick.value)


class Series:
    """The readings of one meter. A reading whose first counter did not move is only kept for the one behind it."""

    def __init__(self, streams: Sequence[StreamInfo], gauges: Sequence[GaugeInfo]) -> None:
        self._infos, self._gauge_infos = tuple(streams), tuple(gauges)
        self.counts = [Column() for _ in streams]
        self._gauges = [Column() for _ in gauges]
        self._stamps = Column()
        self._unmoved: Reading | None = None
        self.changes = 0
        """How many changes of the first counter were kept."""

    def add(self, reading: Reading, *, always: bool, thin_us: int = 0) -> bool:
        """Store a reading if the counter moved, or if `always`; the unmoved reading just before a change goes with it.

        With `thin_us`, changes closer than that to the last stored reading are dropped. Returns whether it moved.
        """
        first = self.counts[0]
        last_us, last = (first.t_us[-1], first.value[-1]) if first.t_us else (None, None)
        before = self._unmoved
        last_value = before.ticks[0].value if before is not None else last
        moved = last_value is not None and reading.ticks[0].value != last_value
        if always or last_us is None:
            if before is not None and moved:
                self._keep(before)
            self._keep(reading)
            self.changes += moved
        elif moved and reading.ticks[0].t_us - last_us >= thin_us:
            if before is not None:
                self._keep(before)
            self._keep(reading)
            self.changes += 1
        else:
            self._unmoved = reading
        return moved

    def streams(self, timings: Sequence[Timing | None]) -> tuple[Stream, ...]:
        """Every counter, as the trace keeps it; the driver's stamps are the first one's."""
        stamped = any(self._stamps.t_us)
        return tuple(
            Stream(
                name=info.name,
                scope=info.scope,
                unit=info.unit,
                joules_per_unit=info.joules_per_unit,
                wraps_at=info.wraps_at,
                t_us=to_deltas(column.t_us),
                value=to_deltas(column.value),
                timing=timing,
                stamp_us=to_deltas(self._stamps.t_us) if stamped and not number else (),
                latency_us=to_deltas(self._stamps.value) if stamped and not number else (),
            )
            for number, (info, column, timing) in enumerate(
                zip(self._infos, self.counts, timings, strict=True)
            )
        )

    def gauges(self) -> tuple[Gauge, ...]:
        """Every gauge that was read at least once."""
        return gauges(self._gauge_infos, self._gauges)

    def _keep(self, reading: Reading) -> None:
        self._unmoved = None
        for column, tick in zip(self.counts, reading.ticks, strict=True):
            column.add(tick)
        self._stamps.add(Tick(*(reading.stamp or NO_STAMP)))
        for column, reading_of_gauge in zip(self._gauges, reading.gauges, strict=True):
            if reading_of_gauge is not None:
                column.add(reading_of_gauge)


def gauges(infos: Sequence[GaugeInfo], columns: Sequence[Column]) -> tuple[Gauge, ...]:
    """Columns as the trace keeps them; empty ones are left out."""
    return tuple(
        Gauge(name=info.name, unit=info.unit, t_us=to_deltas(column.t_us), value=to_deltas(column.value))
        for info, column in zip(infos, columns, strict=True)
        if column.t_us
    )
