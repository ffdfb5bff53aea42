"""A simulated card for whole sessions of many hours: a meter and its timer in a few lines, time in microseconds.

Its counter moves every 100 ms and looks at the last 25 ms of each period, as an A100's does (arXiv:2312.02741), or at
all of it. The card draws more as it warms up, and its power wanders by a few thousandths from second to second.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import contextmanager
from math import exp, fsum
from typing import TYPE_CHECKING

from joulemark.meters.meter import GaugeInfo, Reading, StreamInfo, Tick
from joulemark.record.trace import Timing
from joulemark.workloads.base import Output, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from benchmarks.lean_cells import Cell
    from joulemark.record.statement import Grade, Scope
    from joulemark.record.statement import Meter as MeterName

REST_W = 60.0
PERIOD_S = 0.1
LOOK_S = 0.025
WARM_SHARE, WARMS_S, COOLS_S = 0.02, 30.0, 60.0
"""A warm card draws so much more at work; how fast it warms up at work and cools at rest (time constants)."""
WANDER, WANDER_S = 0.003, 1.0
"""Standard deviation of the power from one second to the next."""


class Card:
    """A meter whose counter tells what was drawn, and its timer: `work` draws power, waiting draws that of rest."""

    name: MeterName = "nvml-counter"
    grade: Grade = "measured"
    scope: Scope = "gpu"
    gpu = None
    provenance = "simulated"
    streams = (StreamInfo(name="gpu-board", scope="gpu", unit="mJ", joules_per_unit=1e-3, wraps_at=None),)
    gauges: tuple[GaugeInfo, ...] = ()
    conditions: tuple[GaugeInfo, ...] = ()
    knows_idle = True
    stated_watts = None
    stated_watts_source = None
    period_s = PERIOD_S

    def __init__(self, chances: Random, *, part_time: bool, warmth: float = 0.0) -> None:
        self.absent: dict[str, str] = {}
        self._chances, self._part_time = chances, part_time
        self._at_us = 0
        self._starts_s, self._drawn_j, self._powers_w = [0.0], [0.0], [REST_W]
        self._warmth = warmth
        self._wander, self._wander_until_s = 1.0, 0.0
        self._steps, self._told_j = 0, 0.0
        self._turn: tuple[int, int, Callable[[], None]] | None = None

    def timing(self) -> Timing:
        """What the probe finds of such a counter."""
        if self._part_time:
            delay_us = -round(1e6 * (PERIOD_S - LOOK_S) / 2)
            return Timing(period_us=100_000, settle_us=50_000, delay_us=delay_us, coverage="part-time")
        return Timing(period_us=100_000, settle_us=50_000, delay_us=0, coverage="full")

    @property
    def now_s(self) -> float:
        """Seconds since the job began."""
        return self._at_us / 1e6

    def warmth_after(self, rest_s: float) -> float:
        """How warm the card still is, 0 to 1, after so long a rest."""
        return self._warmth * exp(-rest_s / COOLS_S)

    # ---- the timer

    def now(self) -> int:
        """Microseconds."""
        return self._at_us

    def wait(self, seconds: float) -> None:
        """The card rests."""
        if seconds > 0:
            self._warmth *= exp(-seconds / COOLS_S)
            self._pass(seconds)

    def asleep_us(self) -> int:
        """It never sleeps."""
        return 0

    def work(self, watts: float, seconds: float) -> float:
        """The card works for so long; what it drew beside the wandering of its power, over `watts` times `seconds`."""
        warm = 1 + WARM_SHARE * self._warmth
        self._warmth = 1 - (1 - self._warmth) * exp(-seconds / WARMS_S)
        now_s = self.now_s
        if now_s >= self._wander_until_s:
            self._wander = self._chances.gauss(1.0, WANDER)
            self._wander_until_s = now_s + WANDER_S
        self._draw(now_s, watts * warm * self._wander)
        self._pass(seconds)
        self._draw(self.now_s, REST_W)
        return warm

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
            self._turn = None
            self._at_us = max(self._at_us, due_us)
            work()
            self._turn = (max(due_us + period_us, self._at_us), period_us, work)
        self._at_us = max(self._at_us, end_us)

    def _draw(self, at_s: float, watts: float) -> None:
        """From now on."""
        drawn_j = self._drawn_j[-1] + (at_s - self._starts_s[-1]) * self._powers_w[-1]
        if at_s == self._starts_s[-1]:
            self._powers_w[-1] = watts
            return
        self._starts_s.append(at_s)
        self._drawn_j.append(drawn_j)
        self._powers_w.append(watts)

    # ---- the meter

    def read(self, now: Callable[[], int]) -> Reading:
        """The counter as it stands."""
        last = int(self.now_s / PERIOD_S)
        if not self._part_time:
            self._told_j = self._energy_j(last * PERIOD_S)
        else:
            for step in range(self._steps + 1, last + 1):
                end_s = step * PERIOD_S
                seen_j = self._energy_j(end_s) - self._energy_j(end_s - LOOK_S)
                self._told_j += seen_j * PERIOD_S / LOOK_S
        self._steps = last
        return Reading(ticks=(Tick(now(), round(self._told_j * 1e3)),))

    def look(self, now: Callable[[], int]) -> tuple[Tick | None, ...]:
        """No conditions."""
        return ()

    def close(self) -> None:
        """Nothing is open."""

    def _energy_j(self, at_s: float) -> float:
        place = max(bisect_right(self._starts_s, at_s) - 1, 0)
        return self._drawn_j[place] + (at_s - self._starts_s[place]) * self._powers_w[place]


class Work:
    """A cell's queries on the card."""

    def __init__(self, card: Card, cell: Cell) -> None:
        self._card = card
        self._seconds, self._watts = cell.seconds.tolist(), cell.watts.tolist()
        self._nominal_j: list[float] = []
        self._warm_j: list[float] = []

    def answer(self, query: Query) -> Output:
        """Draw power for the query with this number; there is nothing to say."""
        watts, seconds = self._watts[int(query.id)], self._seconds[int(query.id)]
        self._nominal_j.append(watts * seconds)
        self._warm_j.append(watts * seconds * self._card.work(watts, seconds))
        return Output(query.id, "", None)

    def warm_over_nominal(self, last: int) -> float:
        """How much more than nominal the warm card drew in the last so many queries."""
        return fsum(self._warm_j[-last:]) / fsum(self._nominal_j[-last:])

    def synchronise(self) -> None:
        """The card has finished when `answer` returns."""
