"""Reads a meter at a modest rate outside the timed path, and once more at every edge; keeps every tick."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from joulemark.errors import MeterFailed
from joulemark.record.trace import Stream, to_deltas

if TYPE_CHECKING:
    from types import TracebackType

    from joulemark.meters.meter import Meter, Now, Tick

PERIOD_S = 0.1
LIVE_SPAN_US = 1_000_000


class Sampler:
    """A thread that reads `meter` every `period_s` while the block is entered.

    An error in the thread ends it and is raised by the next `edge()` or at the end of the block, so that no
    window is closed over a gap.
    """

    def __init__(self, meter: Meter, now: Now, *, period_s: float = PERIOD_S) -> None:
        self._meter = meter
        self._now = now
        self._period_s = period_s
        self._ticks: list[list[Tick]] = [[] for _ in meter.streams]
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._failure: MeterFailed | None = None
        self._thread = threading.Thread(target=self._sample, name="joulemark-sampler", daemon=True)

    def __enter__(self) -> Self:
        self.edge()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        if kind is None:
            self._raise_failure()

    def edge(self) -> tuple[Tick, ...]:
        """Read now, one tick a stream.

        A span may start once this has returned; call it again after a span's end.
        """
        self._raise_failure()
        return self._read()

    def live_w(self) -> float | None:
        """Mean power over about the last second, in watts; None until there is a second to speak of."""
        total_w = 0.0
        for info, ticks in zip(self._meter.streams, self._ticks, strict=True):
            last = ticks[-1]
            first = next((t for t in reversed(ticks) if last.t_us - t.t_us >= LIVE_SPAN_US), None)
            if first is None or last.value < first.value:
                return None
            total_w += (last.value - first.value) * info.joules_per_unit / ((last.t_us - first.t_us) / 1e6)
        return total_w

    def streams(self) -> tuple[Stream, ...]:
        """Every tick so far, as the trace keeps it."""
        with self._lock:
            return tuple(
                Stream(
                    name=info.name,
                    scope=info.scope,
                    unit=info.unit,
                    joules_per_unit=info.joules_per_unit,
                    wraps_at=info.wraps_at,
                    t_us=to_deltas(tick.t_us for tick in ticks),
                    value=to_deltas(tick.value for tick in ticks),
                )
                for info, ticks in zip(self._meter.streams, self._ticks, strict=True)
            )

    def _sample(self) -> None:
        while not self._ended.wait(self._period_s):
            try:
                self._read()
            except MeterFailed as failure:
                self._failure = failure
                return

    def _read(self) -> tuple[Tick, ...]:
        """Under one lock, so that times never run backwards."""
        with self._lock:
            ticks = self._meter.read(self._now)
            for kept, tick in zip(self._ticks, ticks, strict=True):
                kept.append(tick)
            return ticks

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
