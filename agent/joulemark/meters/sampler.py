"""Reads a meter outside the timed path: at a modest rate beside the work, closely where nothing is timed.

Beside the work it reads ten times a second. While the device rests, nothing is timed, and it reads every few
milliseconds: the times of the counter's own steps are then known to that, and whoever waits for one finds it.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal, Self

from joulemark.energy.flags import conditions_flags
from joulemark.errors import CounterReset, MeterFailed, ReadingMissing
from joulemark.meters import plausible
from joulemark.meters.meter import Tick
from joulemark.meters.series import Column, Series, gauges
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from joulemark.meters.meter import Meter, Reading
    from joulemark.meters.timer import Timer
    from joulemark.record.trace import Gauge, Stream, Timing

Look = Literal["before", "after"]
"""Whether the conditions are read before the counter or after it."""

PERIOD_S = 0.1
LOOK_EVERY_US = 1_000_000
CLOSELY_S = 0.005
FINEST_S = 0.001
LIVE_SPAN_US = 1_000_000
STILL_S = 2.0
"""A counter that has not moved for so long is not waited for."""
RETRY_S = 0.01
MISSING_US = 2_000_000
"""Readings may fail for so long one after the other; then the sensor has stopped answering."""


@dataclass(frozen=True, kw_only=True)
class LiveReading:
    """What a watcher is shown: watts over the last second, degrees Celsius, and what is wrong by now."""

    power_w: float | None
    temperature_c: int | None
    flags: frozenset[str] | set[str]


class Sampler:
    """Reads `meter` every `period_s` while the block is entered, and whenever it is asked to.

    An error of the background reads, whatever its kind, ends them and is raised by the next call or at the end of the
    block, so that no window is closed over a gap. A single reading that fails, or that no device can have had, is
    counted in `missing`.
    """

    def __init__(
        self, meter: Meter, timer: Timer, *, period_s: float = PERIOD_S, closely_s: float = CLOSELY_S
    ) -> None:
        self._meter = meter
        self._timer = timer
        self._period_s = period_s
        self._closely_s = closely_s
        headline = set(meter.scope.split("+"))
        self._counted = [number for number, info in enumerate(meter.streams) if info.scope in headline]
        self._series = Series(meter.streams, meter.gauges)
        self._conditions = [Column() for _ in meter.conditions]
        self._looked_us: int | None = None
        self._recent: deque[tuple[Tick, ...]] = deque(maxlen=64)
        self._lock = threading.RLock()
        self._failure: MeterFailed | None = None
        self._missing_since_us: int | None = None
        self._last: tuple[Tick, ...] = ()
        self._stack = ExitStack()
        self.missing = 0

    def __enter__(self) -> Self:
        self.edge()
        self._stack.enter_context(self._timer.background(self._period_s, self._beside))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        if kind is None:
            self._raise_failure()

    def edge(self, *, look: Look | None = None) -> tuple[Tick, ...]:
        """Read now and keep it, moved or not; `look` at the conditions too, which takes time. Raises MeterFailed."""
        self._raise_failure()
        with self._lock:
            if look == "before":
                self._look(at_once=True)
            while True:
                reading = self._read()
                if reading is not None:
                    self._series.add(reading, always=True)
                    if look == "after":
                        self._look(at_once=True)
                    return reading.ticks
                self._timer.wait(RETRY_S)

    def last(self) -> tuple[Tick, ...]:
        """The ticks of the last reading; `edge` comes first."""
        return self._last

    def next_change(self, *, within_s: float) -> bool:
        """Read every millisecond until the counter moves; False when it does not `within_s` seconds."""
        end_us = self._timer.now() + round(within_s * 1e6)
        while self._timer.now() < end_us:
            if self._closely():
                return True
            self._timer.wait(FINEST_S)
        return False

    def rest(
        self,
        seconds: float,
        *,
        thin_s: float = 0.0,
        changes: int = 0,
        settle_s: float = 0.0,
        still_s: float = STILL_S,
    ) -> None:
        """Let `seconds` pass, reading closely. With `thin_s` only changes that far apart are kept.

        Goes on until so many `changes` were kept that lie wholly behind the first `settle_s`; a counter that has stood
        still for `still_s` is not waited for.
        """
        begin_us = moved_us = self._timer.now()
        end_us, settled_us = begin_us + round(seconds * 1e6), begin_us + round(settle_s * 1e6)
        settled: int | None = None
        n_changes = self._series.changes
        while True:
            now_us = self._timer.now()
            if self._series.changes != n_changes:
                n_changes, moved_us = self._series.changes, now_us
            enough = not changes or (settled is not None and n_changes - settled >= changes)
            if now_us >= end_us and (enough or now_us - moved_us >= still_s * 1e6):
                return
            self._closely(thin_us=round(thin_s * 1e6))
            if settled is None and now_us >= settled_us:
                settled = self._series.changes
            self._timer.wait(min(self._closely_s, (end_us - now_us) / 1e6 if now_us < end_us else inf))

    def live(self) -> LiveReading:
        """The latest values, for a display; reads no sensor."""
        state = {
            info.name: column.value
            for info, column in zip(self._meter.conditions, self._conditions, strict=True)
        }
        degrees = state.get("gpu-temperature")
        return LiveReading(
            power_w=self._live_w(),
            temperature_c=degrees[-1] if degrees else None,
            flags=conditions_flags(state) | ({"missing-reading"} if self.missing else set()),
        )

    def streams(self, timings: Sequence[Timing | None] | None = None) -> tuple[Stream, ...]:
        """Every counter so far, as the trace keeps it; without those that stopped answering on the way."""
        with self._lock:
            streams = self._series.streams(timings or [None] * len(self._meter.streams))
            return tuple(stream for stream in streams if stream.scope not in self._meter.absent)

    def gauges(self) -> tuple[Gauge, ...]:
        """Every gauge and condition so far."""
        with self._lock:
            return (*self._series.gauges(), *gauges(self._meter.conditions, self._conditions))

    def _beside(self) -> None:
        """The background's read; its error waits for the next call."""
        if self._failure is not None:
            return
        try:
            with self._lock:
                reading = self._read()
                if reading is not None:
                    self._series.add(reading, always=False)
                self._look()
        except MeterFailed as failure:
            self._failure = failure
        except Exception as error:  # noqa: BLE001 - it is raised by the next call: a thread would only lose it
            self._failure = MeterFailed(
                _(
                    "Reading the sensor {name} failed ({name2}: {error}). `joulemark doctor` shows "
                    "whether it can be read."
                ).format(name=self._meter.name, name2=type(error).__name__, error=error)
            )
            self._failure.__cause__ = error

    def _closely(self, *, thin_us: int = 0) -> bool:
        self._raise_failure()
        with self._lock:
            reading = self._read()
            return reading is not None and self._series.add(reading, always=False, thin_us=thin_us)

    def _read(self) -> Reading | None:
        """One reading, None where just this one failed. Under the lock, so that times never run backwards."""
        try:
            reading = plausible.checked(self._meter, self._meter.read(self._timer.now), self._last)
        except ReadingMissing:
            self.missing += 1
            now_us = self._timer.now()
            if self._missing_since_us is None:
                self._missing_since_us = now_us
            elif now_us - self._missing_since_us >= MISSING_US:
                raise
            return None
        self._missing_since_us = None
        self._refuse_a_fall(reading)
        if not self._recent or reading.ticks[0].t_us - self._recent[-1][0].t_us >= LIVE_SPAN_US // 20:
            self._recent.append(reading.ticks)
        return reading

    def _refuse_a_fall(self, reading: Reading) -> None:
        for info, last, tick in zip(self._meter.streams, self._last, reading.ticks, strict=False):
            if info.wraps_at is None and tick.value < last.value:
                raise CounterReset(
                    _(
                        "The counter {name} fell during the run: the driver was reloaded, or another "
                        "program reset it. Prevent this while a job is measured."
                    ).format(name=info.name)
                )
        self._last = reading.ticks

    def _look(self, *, at_once: bool = False) -> None:
        """The device's state, about once a second or now."""
        now_us = self._timer.now()
        due = at_once or self._looked_us is None or now_us - self._looked_us >= LOOK_EVERY_US
        if not self._conditions or not due:
            return
        self._looked_us = now_us
        try:
            seen = self._meter.look(self._timer.now)
        except ReadingMissing:
            self.missing += 1
            return
        for column, tick in zip(self._conditions, seen, strict=True):
            if tick is not None and plausible.is_storable(tick):
                column.add(tick)

    def _live_w(self) -> float | None:
        """Mean power over about the last second; None until there is a second to speak of."""
        recent = list(self._recent)
        if not recent:
            return None
        last = recent[-1]
        first = next((t for t in reversed(recent) if last[0].t_us - t[0].t_us >= LIVE_SPAN_US), None)
        if first is None:
            return None
        total_w = 0.0
        for number in self._counted:
            before, after = first[number], last[number]
            if after.value < before.value or after.t_us <= before.t_us:
                return None
            rise_j = (after.value - before.value) * self._meter.streams[number].joules_per_unit
            total_w += rise_j / ((after.t_us - before.t_us) / 1e6)
        return total_w

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
