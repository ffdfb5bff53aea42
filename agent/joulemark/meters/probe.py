"""The probe: loads of known times, to find how a GPU's energy counter keeps time and whether it looks all the time.

A counter that samples 25 ms of every 100 ms, one that is 130 ms late and one that blurs over a second all look alike
from outside, and no table of cards is right for every driver. So a load is switched on and off four times (delay and
settling), and a train of 20 ms loads that beats with the counter is run from eight phases (coverage): a counter that
sees everything gives the same energy for each. It takes about a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, fsum
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from joulemark.energy.bracket import bracket
from joulemark.energy.changes import Changes, changes
from joulemark.energy.counter import counter
from joulemark.energy.coverage import coverage, spread
from joulemark.energy.errors import EnergyError
from joulemark.energy.phases import lattice
from joulemark.energy.response import STEP_S, Response, median_period_s, response
from joulemark.errors import MeterUnavailable
from joulemark.meters.sampler import Sampler
from joulemark.record.trace import Queries, Span, Timing, Trace
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.meters.meter import Meter
    from joulemark.meters.timer import Timer

READ_EVERY_S = 0.002
PERIOD_SEEN_S = 3.0
PERIOD_CHANGES = 12
"""From so many changes the period is told, however slow the counter is."""
STEPS = 4
REST_S = 2.6
PHASES = 8
LOADS = 30
TRAIN_PERIOD_S = 0.1
LOAD_SHARE = 0.2
WITHIN_S = 2.0


class Kernel(Protocol):
    """Something that keeps the GPU busy."""

    def run(self, seconds: float) -> None:
        """Keep it busy for about so long, and return when it has finished."""


@dataclass(frozen=True, kw_only=True)
class Probed:
    """What the probe found. `settled` is False when the counter was still telling of a load when it ended."""

    timing: Timing
    settled: bool


def probe(meter: Meter, kernel: Kernel, timer: Timer) -> Probed:
    """Probe the first stream of `meter`. Raises MeterUnavailable when its counter cannot be told, or MeterFailed."""
    try:
        return _Probe(meter, kernel, timer).run()
    except EnergyError as error:
        raise MeterUnavailable(
            "probe-failed",
            _("The probe cannot determine the timing of the energy counter: {error}").format(error=error),
            mend=_("Make sure that nothing else uses the GPU, then run `joulemark doctor` again."),
        ) from error


def resting_period_s(meter: Meter, timer: Timer) -> float | None:
    """How often the first counter of `meter` moves while the device rests; None where it does not. Raises MeterFailed.

    That much can be seen of a counter that the probe cannot time, as where no load can be run.
    """
    with Sampler(meter, timer, period_s=READ_EVERY_S, closely_s=READ_EVERY_S) as sampler:
        sampler.rest(PERIOD_SEEN_S, changes=PERIOD_CHANGES)
    try:
        return median_period_s(changes(counter(sampler.streams()[0])))
    except EnergyError:
        return None


class _Probe:
    def __init__(self, meter: Meter, kernel: Kernel, timer: Timer) -> None:
        self._kernel, self._timer = kernel, timer
        self._sampler = Sampler(meter, timer, period_s=READ_EVERY_S, closely_s=READ_EVERY_S)
        self._loads: list[Span] = []
        self._trains: list[Span] = []

    def run(self) -> Probed:
        with self._sampler:
            self._load(STEP_S)
            warm_up = self._loads.pop()
            self._sampler.rest(PERIOD_SEEN_S, changes=PERIOD_CHANGES)
            period_s = median_period_s(self._changes())
            for phase in lattice(STEPS):
                self._begin(phase * period_s)
                self._load(STEP_S)
                self._sampler.rest(REST_S)
            for number in range(PHASES):
                self._begin(number / PHASES * period_s)
                self._train(max(1, ceil(TRAIN_PERIOD_S / period_s - 0.05)) * period_s)
                self._sampler.rest(REST_S)
            self._sampler.edge()
        steps = self._changes()
        loads = [(span.start_us / 1e6, span.end_us / 1e6) for span in self._loads]
        step_response = response(steps, loads, period_s=period_s)
        energies_j = self._energies(warm_up, steps, step_response)
        timing = replace(_timing(step_response), coverage=coverage(energies_j), spread=spread(energies_j))
        return Probed(timing=timing, settled=step_response.settled)

    def _begin(self, after_s: float) -> None:
        self._sampler.next_change(within_s=WITHIN_S)
        self._timer.wait(after_s)

    def _load(self, seconds: float) -> None:
        start_us = self._timer.now()
        self._kernel.run(seconds)
        self._loads.append(Span(kind="warm-up", start_us=start_us, end_us=self._timer.now()))

    def _train(self, period_s: float) -> None:
        """Loads at a fixed distance: that is what a counter which looks a part of the time beats with."""
        start_us = self._timer.now()
        for number in range(1, LOADS + 1):
            self._kernel.run(LOAD_SHARE * period_s)
            self._timer.wait(number * period_s - (self._timer.now() - start_us) / 1e6)
        self._trains.append(Span(kind="window", start_us=start_us, end_us=self._timer.now()))

    def _changes(self) -> Changes:
        return changes(counter(self._sampler.streams()[0]))

    def _energies(self, warm_up: Span, steps: Changes, step_response: Response) -> tuple[float, ...]:
        """The energy of each train in joules, corrected for what the card drew in its pauses beyond their mean."""
        trace = Trace(
            version=1,
            streams=self._sampler.streams(),
            spans=(warm_up, *self._loads, *self._trains),
            queries=(Queries(duration_us=()),) * len(self._trains),
        )
        read = bracket(steps, trace, _timing(step_response))
        pauses_j = [
            (1 - LOAD_SHARE)
            * (span.end_us - span.start_us)
            / 1e6
            * (read.rest.power_w(before, span.start_us / 1e6) + read.rest.power_w(after, span.end_us / 1e6))
            / 2
            for span, (before, after) in zip(self._trains, read.around, strict=True)
        ]
        mean_j = fsum(pauses_j) / len(pauses_j)
        return tuple(
            energy_j - (pause_j - mean_j) for energy_j, pause_j in zip(read.energy_j, pauses_j, strict=True)
        )


def _timing(step_response: Response) -> Timing:
    return Timing(
        period_us=round(step_response.period_s * 1e6),
        settle_us=round(step_response.settle_s * 1e6),
        delay_us=round(step_response.delay_s * 1e6),
        coverage="unknown",
    )
