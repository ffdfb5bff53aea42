"""A session of the agent's own measurement on a simulated card: a driver with its chances, work that draws power.

The process must have been started in the environment of any simulation, since the loader looks for NVML where
LD_LIBRARY_PATH says at the start.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from math import fsum
from random import Random
from typing import TYPE_CHECKING, TypeVar

import msgspec

from joulemark.energy.analysis import analyse
from joulemark.meters import probe as probing
from joulemark.meters.meter import sensor_of
from joulemark.meters.nvml.meter import NvmlMeter
from joulemark.meters.nvml.processes import OurProcesses
from joulemark.meters.probe import probe
from joulemark.session import measure as measuring
from joulemark.session.progress import Silent
from joulemark.suite import Protocol
from joulemark.workloads.base import Output, Query
from joulemark_simulation.nvml.cards import CARDS
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import Idle, Scenario, Sensor
from joulemark_simulation.nvml.virtual import Busy, VirtualTimer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from joulemark.energy.analysis import Analysis
    from joulemark.meters.probe import Probed
    from joulemark.record.trace import Timing, Trace
    from joulemark_simulation.nvml.running import Simulation

T = TypeVar("T", bound=VirtualTimer)

MODES = ("full", "part_time", "lagging", "blurred")
IDLE_W = {"A100": 60.0, "H100": 60.0, "V100": 40.0, "GA102": 30.0}
BEFORE_S = 2.0
READ_SHARE = 0.1
PROTOCOL = Protocol(
    queries=100,
    windows_min=10,
    windows_max=10,
    warmup_queries=20,
    idle_s=12.0,
    half_width_target=0.02,
    budget_s=3600.0,
)
STEADY = msgspec.structs.replace(PROTOCOL, warmup_s=300.0)


@dataclass(frozen=True, kw_only=True)
class Work:
    """Queries that draw power: durations and watts differ from query to query, `spread` and `ripple` either way."""

    timer: VirtualTimer
    rng: Random
    watts: float = 250.0
    query_s: float = 0.03
    spread: float = 0.1
    ripple: float = 0.05

    def answer(self, query: Query) -> Output:
        """Draw power for one query; there is nothing to say."""
        watts = self.watts * self.rng.uniform(1 - self.ripple, 1 + self.ripple)
        self.timer.work(watts, self.query_s * self.rng.uniform(1 - self.spread, 1 + self.spread))
        return Output(query.id, "", None)

    def synchronise(self) -> None:
        """The card has finished when `answer` returns."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A session. `error` is its joules per query over the true ones, less 1; `flags` are all of them.

    `true_j` were drawn in the `spent_s` seconds that count as queries'.
    """

    trace: Trace
    analysis: Analysis
    flags: tuple[str, ...]
    error: float
    true_j: float
    spent_s: float


def scenario_of(name: str, mode: str, rng: Random) -> Scenario:
    """A card with its chances: the phases of its sensors, their noise, and how a warm card idles."""
    card = getattr(CARDS[name], mode)()
    return Scenario(
        card=replace(
            card,
            power_phase_s=rng.random() * card.power_period_s,
            counter_phase_s=rng.random() * card.counter_period_s,
        ),
        by_activity=True,
        idle=Idle(
            watts=IDLE_W[name],
            extra_w=rng.uniform(3.0, 8.0),
            decay_s=rng.uniform(5.0, 20.0),
            warm_s=rng.uniform(0.0, 10.0),
        ),
        sensor=Sensor(noise_w=1.0, seed=rng.randrange(1, 2**31)),
    )


@contextmanager
def at_work(
    scenario: Scenario, timer_of: Callable[[Simulation], T]
) -> Iterator[tuple[NvmlMeter, T, Simulation]]:
    """The meter and the timer on a card that has idled for a while, and the simulation."""
    with running(scenario) as simulation, simulation.here():
        timer = timer_of(simulation)
        timer.wait(BEFORE_S)
        meter = NvmlMeter(
            environ={}, ours=OurProcesses(namespace=None, parent=lambda _pid: None, exists=bool)
        )
        try:
            yield meter, timer, simulation
        finally:
            meter.close()


def probed(scenario: Scenario) -> Probed:
    """What the agent's probe finds, under a load of six tenths of the card's limit.

    It reads ten times in a period of the counter: up to a fifth as often as on a machine, where time costs nothing.
    """
    probing.READ_EVERY_S = READ_SHARE * scenario.card.counter_period_s
    with at_work(scenario, VirtualTimer) as (meter, timer, _):
        return probe(meter, Busy(timer, 0.6 * scenario.card.limit_w), timer)


@cache
def timing_of(name: str, mode: str) -> Timing:
    """As a machine keeps it from one run to the next: probed once for a card and a mode of its counter."""
    return probed(scenario_of(name, mode, Random(f"probe of {name}, {mode}"))).timing  # noqa: S311 - chances, no secrets


def read_rests_rarely() -> None:
    """Half as often as on a machine, where time costs nothing: whatever this process measures from now on."""
    measuring.CLOSELY_S = 0.010  # type: ignore[attr-defined]  # changed by nothing but simulations


def session(scenario: Scenario, timing: Timing, rng: Random, protocol: Protocol, **work: float) -> Run:
    """One job, from warm-up to the last idle. Raises MeterFailed or EnergyError."""
    with at_work(scenario, VirtualTimer) as (meter, timer, simulation):
        yielded = measuring.measure(
            Work(timer=timer, rng=rng, **work),
            [Query(str(number), {}, None) for number in range(protocol.queries)],
            meter,
            protocol,
            Silent(),
            timings=(timing,),
            timer=timer,
        )
        sensor, truth = sensor_of(meter), simulation.truth()
    analysis = analyse(yielded.trace, sensor)
    busy = list(busy_s(yielded.trace))
    true_j = fsum(truth.energy_j(start_s, end_s) for start_s, end_s in busy)
    return Run(
        trace=yielded.trace,
        analysis=analysis,
        flags=tuple(sorted({*yielded.flags, *analysis.flags})),
        error=analysis.totals.energy_per_query_j * analysis.totals.queries / true_j - 1,
        true_j=true_j,
        spent_s=fsum(end_s - start_s for start_s, end_s in busy),
    )


def busy_s(trace: Trace) -> Iterator[tuple[float, float]]:
    """What counts as a query's: the whole window, or in latency mode each query alone."""
    for span, queries in zip(trace.windows(), trace.queries, strict=True):
        if trace.mode == "throughput":
            yield span.start_us / 1e6, span.end_us / 1e6
            continue
        for start_us, length_us in zip(queries.starts_us(span.start_us), queries.duration_us, strict=True):
            yield start_us / 1e6, (start_us + length_us) / 1e6
