"""Time on a simulated card: it passes only when a tool lets it pass, or when a call of NVML takes its share."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from joulemark_simulation.nvml.running import Simulation

Window = tuple[float, float]  # its start and its end, in seconds of the simulation's clock


@dataclass(order=True)
class Due:
    """A callback's next turn; `number` keeps those of one instant in the order of their registration."""

    at_s: float
    number: int
    period_s: float = field(compare=False)
    callback: Callable[[], object] = field(compare=False)


class VirtualTime:
    """The clock of a running Simulation whose loads are marked (`by_activity`), with callbacks in the background.

    A callback stands for a thread beside the work: what its NVML calls cost does not make the work longer. `card` says
    which simulated card this is, chances included.
    """

    def __init__(self, simulation: Simulation) -> None:
        """Time of `simulation`, which must be virtual."""
        self._clock = simulation.clock
        self.card = simulation.scenario.text()
        self._due: list[Due] = []
        self._numbers = count()

    def now_s(self) -> float:
        """Seconds since the simulation's beginning, what calls of NVML have cost included."""
        return self._clock.now_s()

    def pass_for(self, seconds: float) -> None:
        """Let `seconds` pass; the callbacks that come due meanwhile are called at their times, in order."""
        self.pass_until(self.now_s() + seconds)

    def pass_until(self, at_s: float) -> None:
        """Let time pass until `at_s`; at once when that is over."""
        while self._due and self._due[0].at_s <= at_s:
            due = heappop(self._due)
            self._forward_to(due.at_s)
            due.callback()
            late = ceil((self.now_s() - due.at_s) / due.period_s)
            due.at_s += max(1, late) * due.period_s  # turns that a long callback missed are left out
            heappush(self._due, due)
        self._forward_to(at_s)

    @contextmanager
    def every(self, period_s: float, callback: Callable[[], object]) -> Iterator[None]:
        """While the body runs, call `callback` each `period_s` of passing time, first as soon as any passes.

        It must not let time pass itself, other than by calls of NVML.
        """
        due = Due(self.now_s(), next(self._numbers), period_s, callback)
        heappush(self._due, due)
        try:
            yield
        finally:
            self._due.remove(due)
            heapify(self._due)

    def load(self, watts: float, seconds: float) -> Window:
        """The card draws `watts` for `seconds`; returns when exactly it did."""
        return self.loads(((watts, seconds),))

    def loads(self, steps: Iterable[tuple[float, float]]) -> Window:
        """The card draws each step's watts for its seconds, one after another without a pause; returns their whole.

        Every step has its exact length even where a callback's call of NVML runs over its end.
        """
        start_s = at_s = self.now_s()
        for watts, seconds in steps:
            self._clock.load_on(watts, at_s=at_s)
            at_s += seconds
            self.pass_until(at_s)
        self._clock.load_off(at_s=at_s)
        return start_s, at_s

    def _forward_to(self, at_s: float) -> None:
        if at_s > self.now_s():
            self._clock.advance_to(at_s)
