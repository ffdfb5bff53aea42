"""The agent's timer on a simulated card: time passes when somebody waits or works, and the sampler reads meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from joulemark_simulation.nvml.running import Simulation


class VirtualTimer:
    """A Timer of joulemark.meters over a simulation's virtual clock; `work` draws power for a while."""

    def __init__(self, simulation: Simulation) -> None:
        self._clock = simulation.clock
        self._beside: dict[int, tuple[float, float, Callable[[], None]]] = {}

    def now(self) -> int:
        """Microseconds of the simulation's clock."""
        return round(self._clock.now_s() * 1e6)

    def asleep_us(self) -> int:
        """It never sleeps."""
        return 0

    def wait(self, seconds: float) -> None:
        """Let time pass; what runs beside it takes its turns."""
        if seconds > 0:
            self._until(self._clock.now_s() + seconds)

    def work(self, watts: float, seconds: float) -> None:
        """The card draws `watts` for exactly `seconds`.

        The end is marked ahead: what reads beside the work may take longer than that, and must not see more of it.
        """
        end_s = self._clock.now_s() + seconds
        self._clock.load_on(watts)
        self._clock.load_off(at_s=end_s)
        self._until(end_s)

    @contextmanager
    def background(self, period_s: float, work: Callable[[], None]) -> Iterator[None]:
        """Call `work` every `period_s` of passing time while the block is entered."""
        number = len(self._beside)
        self._beside[number] = (self._clock.now_s() + period_s, period_s, work)
        try:
            yield
        finally:
            del self._beside[number]

    def _until(self, end_s: float) -> None:
        while self._beside:
            number, (due_s, period_s, work) = min(self._beside.items(), key=lambda item: item[1][0])
            if due_s > end_s:
                break
            if due_s > self._clock.now_s():
                self._clock.advance_to(due_s)
            work()
            self._beside[number] = (max(due_s + period_s, self._clock.now_s()), period_s, work)
        if end_s > self._clock.now_s():
            self._clock.advance_to(end_s)


class Busy:
    """The probe's kernel on a simulated card."""

    def __init__(self, timer: VirtualTimer, watts: float) -> None:
        self._timer, self._watts = timer, watts

    def run(self, seconds: float) -> None:
        """Draw power for so long."""
        self._timer.work(self._watts, seconds)
