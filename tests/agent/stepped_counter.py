"""A GPU's counter in a few lines: it steps, lags, and is read at a cost; time passes when somebody waits or works.

Unlike the simulated driver library it needs no process of its own, so that a law can try hundreds of cards.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from math import floor
from typing import TYPE_CHECKING

from joulemark.meters.meter import GaugeInfo, Reading, StreamInfo, Tick
from joulemark.record.trace import Timing
from joulemark.workloads import Output, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from joulemark.record.statement import Grade, Scope
    from joulemark.record.statement import Meter as MeterName

REST_W, LOAD_W = 60.0, 250.0


@dataclass(frozen=True, kw_only=True)
class Counter:
    """Times in seconds. Each step comes up to `uneven` periods late; a reading costs up to `read_s`."""

    period_s: float = 0.1
    phase_s: float = 0.0
    lag_s: float = 0.0
    uneven: float = 0.0
    read_s: float = 0.0
    oversleep_s: float = 0.0

    def timing(self) -> Timing:
        """What the probe finds of such a counter."""
        settle_s = self.lag_s + (1.5 + self.uneven) * self.period_s
        return Timing(
            period_us=round(self.period_s * 1e6),
            settle_us=round(settle_s * 1e6),
            delay_us=round(self.lag_s * 1e6),
            coverage="full",
        )


class Machine:
    """A meter and its timer in one: `work` draws power, waiting takes a little longer than it was asked to."""

    name: MeterName = "nvml-counter"
    grade: Grade = "measured"
    scope: Scope = "gpu"
    streams: tuple[StreamInfo, ...] = (
        StreamInfo(name="gpu-board", scope="gpu", unit="mJ", joules_per_unit=1e-3, wraps_at=None),
    )
    provenance = "a counter"
    gpu = None
    gauges: tuple[GaugeInfo, ...] = ()
    conditions: tuple[GaugeInfo, ...] = ()
    knows_idle = True
    stated_watts = None
    stated_watts_source = None

    def __init__(self, counter: Counter, chances: Random) -> None:
        self.counter, self._chances = counter, chances
        self.period_s = counter.period_s
        self.absent: dict[str, str] = {}
        self._at_us = 2_000_000
        self._loads: list[tuple[float, float, float]] = []
        self._turn: tuple[int, int, Callable[[], None]] | None = None

    # ---- the timer

    def now(self) -> int:
        """Microseconds."""
        return self._at_us

    def wait(self, seconds: float) -> None:
        """Sleeps as long as asked, and a little more."""
        if seconds > 0:
            self._pass(seconds + self._chances.uniform(0, self.counter.oversleep_s))

    def asleep_us(self) -> int:
        """It never sleeps."""
        return 0

    def work(self, seconds: float) -> None:
        """The card draws LOAD_W for so long."""
        start_s = self._at_us / 1e6
        self._loads.append((start_s, start_s + seconds, LOAD_W - REST_W))
        self._pass(seconds)

    @contextmanager
    def background(self, period_s: float, work: Callable[[], None]) -> Iterator[None]:
        """Call `work` every `period_s` of passing time."""
        self._turn = (self._at_us + round(period_s * 1e6), round(period_s * 1e6), work)
        try:
            yield
        finally:
            self._turn = None

    def _pass(self, seconds: float) -> None:
        end_us = self._at_us + max(1, round(seconds * 1e6))
        while self._turn and self._turn[0] <= end_us:
            due_us, period_us, work = self._turn
            self._turn = None  # a reading takes time, and is not interrupted by the next
            self._at_us = max(self._at_us, due_us)
            work()
            self._turn = (max(due_us + period_us, self._at_us), period_us, work)
        self._at_us = max(self._at_us, end_us)

    # ---- the meter

    def read(self, now: Callable[[], int]) -> Reading:
        """The counter, half of the reading's cost before it is looked at and half after."""
        cost_us = round(self._chances.uniform(0, self.counter.read_s) * 1e6)
        before_us = now()
        self._at_us += cost_us // 2
        value = round(self._told_j(self._at_us / 1e6) * 1e3)
        self._at_us += cost_us - cost_us // 2
        return Reading(ticks=(Tick((before_us + now()) // 2, value),))

    def look(self, now: Callable[[], int]) -> tuple[Tick | None, ...]:
        """No conditions."""
        return ()

    def close(self) -> None:
        """Nothing is open."""

    def energy_j(self, at_s: float) -> float:
        """What the card drew until then, in joules: the truth."""
        worked_j = sum(watts * (min(at_s, end) - start) for start, end, watts in self._loads if start < at_s)
        return REST_W * at_s + worked_j

    def _told_j(self, at_s: float) -> float:
        counter = self.counter
        step = floor((at_s - counter.phase_s) / counter.period_s)
        came_s = counter.phase_s + (step + counter.uneven * _chance(step)) * counter.period_s
        if at_s < came_s:
            step -= 1
        return self.energy_j(max(counter.phase_s + step * counter.period_s - counter.lag_s, 0.0))


def queries(count: int) -> list[Query]:
    """So many, of which nothing is asked."""
    return [Query(str(number), {}, None) for number in range(count)]


@dataclass
class Work:
    """Queries of `query_s` seconds."""

    machine: Machine
    query_s: float
    answered: list[str] = field(default_factory=list)

    def answer(self, query: Query) -> Output:
        """Draws power for one query."""
        self.machine.work(self.query_s)
        return Output(query.id, "", None)

    def synchronise(self) -> None:
        """The card has finished when `answer` returns."""


def _chance(step: int) -> float:
    """Between 0 and 1, the same for a step whenever it is asked for."""
    return (step * 2654435761 % 2**32) / 2**32
