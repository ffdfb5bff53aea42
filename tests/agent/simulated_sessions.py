"""Whole sessions of the agent on simulated cards, many in one process; prints what came of them as JSON.

Start it with the environment of any simulation, since the loader looks for NVML where LD_LIBRARY_PATH says at the
start: `python simulated_sessions.py PART`, PART a key of PARTS. All chances are drawn from seeds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from math import fsum
from random import Random
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import msgspec

from joulemark.energy import budget
from joulemark.energy.analysis import analyse
from joulemark.energy.errors import NotMeasurable
from joulemark.energy.sensors import sensor_error
from joulemark.errors import MeterFailed
from joulemark.meters import probe as probing
from joulemark.meters.meter import sensor_of
from joulemark.meters.nvml.meter import NvmlMeter
from joulemark.meters.nvml.processes import OurProcesses
from joulemark.meters.probe import probe
from joulemark.record.trace import pack
from joulemark.session import measure as measuring
from joulemark.session.watch import Silent
from joulemark.suite import Protocol
from joulemark_simulation.nvml.cards import CARDS
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import (
    ENERGY,
    Failure,
    Idle,
    LimitChange,
    Process,
    Scenario,
    Sensor,
    Throttle,
)
from joulemark_simulation.nvml.virtual import Busy, VirtualTimer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.energy.analysis import Analysis
    from joulemark.meters.probe import Probed
    from joulemark.record.trace import Timing, Trace

MODES = ("full", "part_time", "lagging", "blurred")
IDLE_W = {"A100": 60.0, "H100": 60.0, "V100": 40.0, "GA102": 30.0}
BEFORE_S = 2.0
SESSIONS = 304
PROBES = 100
READ_SHARE = 0.1
SENSOR = sensor_error("nvml-counter")
LEAST_AT_REST = 0.2
"""Share of its power at rest that every sensor tells at least: none tells less than nothing."""
DRIFT_PER_H = 0.005
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


@dataclass(frozen=True)
class Answer:
    """A query's; the models of this file have nothing to say."""

    query_id: int
    value: str = ""
    output_tokens: int | None = None
    input_tokens: int | None = None


@dataclass(frozen=True, kw_only=True)
class Work:
    """Queries that draw power: durations and watts differ from query to query, `spread` and `ripple` either way."""

    timer: VirtualTimer
    rng: Random
    watts: float = 250.0
    query_s: float = 0.03
    spread: float = 0.1
    ripple: float = 0.05

    def answer(self, query: int) -> Answer:
        """Draws power for one query."""
        watts = self.watts * self.rng.uniform(1 - self.ripple, 1 + self.ripple)
        self.timer.work(watts, self.query_s * self.rng.uniform(1 - self.spread, 1 + self.spread))
        return Answer(query)

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
def at_work(scenario: Scenario) -> Iterator[tuple[NvmlMeter, VirtualTimer, Any]]:
    """The meter and the timer on a card that has idled for a while, and the simulation."""
    with running(scenario) as simulation, simulation.here():
        timer = VirtualTimer(simulation)
        timer.wait(BEFORE_S)
        meter = NvmlMeter(environ={}, ours=OurProcesses(namespace=None, parent={}.get, exists=bool))
        try:
            yield meter, timer, simulation
        finally:
            meter.close()


def probed(scenario: Scenario) -> Probed:
    """What the agent's probe finds, under a load of six tenths of the card's limit.

    It reads ten times in a period of the counter: up to a fifth as often as on a machine, where time costs nothing.
    """
    probing.READ_EVERY_S = READ_SHARE * scenario.card.counter_period_s
    with at_work(scenario) as (meter, timer, _):
        return probe(meter, Busy(timer, 0.6 * scenario.card.limit_w), timer)


@cache
def timing_of(name: str, mode: str) -> Timing:
    """As a machine keeps it from one run to the next: probed once for a card and a mode of its counter."""
    return probed(scenario_of(name, mode, Random(f"probe of {name}, {mode}"))).timing  # noqa: S311


def session(scenario: Scenario, timing: Timing, rng: Random, protocol: Protocol, **work: float) -> Run:
    """One job, from warm-up to the last idle. Raises MeterFailed or EnergyError."""
    with at_work(scenario) as (meter, timer, simulation):
        yielded = measuring.measure(
            Work(timer=timer, rng=rng, **work),
            range(protocol.queries),
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


def sessions() -> list[dict[str, Any]]:
    """Cards, counters and chances in turn: errors with what the budget says of them.

    What a reading has to be multiplied by and lessened by are each spread evenly over the normal distribution that the
    budget states, in an order drawn by chance: so many sessions then tell their share of the coverage almost exactly.
    Undoing both tells what the method alone is off by. Rests are read half as often as on a machine, where time costs
    nothing.
    """
    measuring.CLOSELY_S = 0.010
    kinds = [(name, mode) for name in CARDS for mode in MODES]
    assert SENSOR is not None
    assert SENSOR.offset_u_w is not None
    places = [(place + 0.5) / SESSIONS for place in range(SESSIONS)]
    gains = [1 / NormalDist(1.0, SENSOR.gain_u).inv_cdf(place) for place in places]
    offsets_w = [NormalDist(0.0, SENSOR.offset_u_w).inv_cdf(place) for place in places]
    Random("gains").shuffle(gains)  # noqa: S311 (chances, no secrets)
    Random("offsets").shuffle(offsets_w)  # noqa: S311
    found = []
    for number in range(SESSIONS):
        name, mode = kinds[number % len(kinds)]
        rng = Random(f"session {number}")  # noqa: S311
        drawn = scenario_of(name, mode, rng)
        gain, drift = gains[number], rng.uniform(-DRIFT_PER_H, DRIFT_PER_H)
        offset_w = max(gain * offsets_w[number], (LEAST_AT_REST - gain) * IDLE_W[name])
        steady = number // len(kinds) % 3 == 0
        run = session(
            replace(
                drawn, sensor=replace(drawn.sensor, gain=gain, gain_drift_per_h=drift, offset_w=offset_w)
            ),
            timing_of(name, mode),
            rng,
            STEADY if steady else PROTOCOL,
            watts=(watts := rng.uniform(0.3, 0.8) * drawn.card.limit_w),
            query_s=(query_s := rng.uniform(0.015, 0.060)),
        )
        found.append(
            {
                "kind": f"{name} {mode}",
                "steady": steady,
                "flags": run.flags,
                "error": run.error,
                "method_error": (read_j := (1 + run.error) * run.true_j - offset_w * run.spent_s)
                / gain
                / run.true_j
                - 1,
                "model_error": read_j / run.analysis.totals.queries / gain / (watts * query_s) - 1,
                "budget": {term.name: term.relative for term in run.analysis.budget},
                "expanded": budget.expanded(run.analysis.budget),
                "window_s": min(span.end_us - span.start_us for span in run.trace.windows()) / 1e6,
            }
        )
    return found


def probes() -> list[dict[str, Any]]:
    """Random cards with a full or a part-time counter, and what the probe takes them for."""
    found = []
    for number in range(PROBES):
        rng = Random(f"probe {number}")  # noqa: S311
        name, mode = rng.choice(tuple(CARDS)), rng.choice(("full", "part_time"))
        scenario = scenario_of(name, mode, rng)
        seen = probed(scenario).timing
        found.append({"card": name, "is": mode, "taken for": seen.coverage, "spread": seen.spread})
    return found


def dirty() -> dict[str, Any]:
    """A session for each thing that can be wrong with a run: its flags, or the code of the error that ended it."""
    timing = timing_of("H100", "full")

    def wrong(protocol: Protocol = PROTOCOL, *, idle: dict[str, float] | None = None, **changes: Any) -> Any:
        rng = Random("something wrong")  # noqa: S311
        scenario = replace(scenario_of("H100", "full", rng), **changes)
        try:
            return session(
                replace(scenario, idle=replace(scenario.idle, **(idle or {}))), timing, rng, protocol
            ).flags
        except MeterFailed as error:
            return error.code

    def held(reason: str) -> Throttle:
        return Throttle(reason=reason, start_s=60.0, end_s=62.0)

    def silent(seconds: float) -> Failure:
        return Failure(function=ENERGY, error="timeout", start_s=10.0, end_s=10.0 + seconds)

    too_short = msgspec.structs.replace(PROTOCOL, warmup_s=40.0)
    two_minutes = msgspec.structs.replace(PROTOCOL, warmup_s=120.0)
    return {
        "nothing": wrong(),
        "foreign-process": wrong(processes=(Process(pid=2**22 - 1, start_s=60.0, end_s=62.0),)),
        "sw thermal": wrong(throttles=(held("sw thermal"),)),
        "hw thermal": wrong(throttles=(held("hw thermal"),)),
        "hw slowdown": wrong(throttles=(held("hw slowdown"),)),
        "power brake": wrong(throttles=(held("power brake"),)),
        "sw power cap": wrong(throttles=(held("sw power cap"),)),
        "power-limit-changed": wrong(limit_changes=(LimitChange(watts=650.0, start_s=60.0),)),
        "idle-drift": wrong(idle={"extra_w": 30.0, "decay_s": 20.0}),
        "counters-disagree": wrong(sensor=Sensor(counter_gain=1.04)),
        "counters-agree": wrong(sensor=Sensor(counter_gain=1.002)),
        "missing-reading": wrong(failures=(silent(0.05),)),
        "silent sensor": wrong(failures=(silent(3.0),)),
        "not-steady": wrong(too_short, idle={"warm_s": 100.0}),
        "drifting": wrong(two_minutes, sensor=Sensor(noise_w=1.0, gain_drift_per_h=10.8)),
        "reset at rest": wrong(counter_reset_s=10.0),
        "reset at work": wrong(counter_reset_s=30.0),
    }


def size() -> dict[str, Any]:
    """A long session of a card that tells everything."""
    rng = Random("size")  # noqa: S311
    protocol = msgspec.structs.replace(STEADY, queries=1000, idle_s=30.0)
    run = session(
        scenario_of("H100", "full", rng), timing_of("H100", "full"), rng, protocol, query_s=0.011, spread=0.02
    )
    raw, packed = pack(run.trace)
    return {
        "queries": [len(queries.duration_us) for queries in run.trace.queries],
        "window_s": min(span.end_us - span.start_us for span in run.trace.windows()) / 1e6,
        "gauges": [gauge.name for gauge in run.trace.gauges],
        "raw": len(raw),
        "packed": len(packed),
    }


def short() -> dict[str, Any]:
    """Work that is shorter than what a part-time counter looks at: once, and 256 times."""
    rng = Random("short")  # noqa: S311
    scenario, timing = scenario_of("A100", "part_time", rng), timing_of("A100", "part_time")
    once = msgspec.structs.replace(
        PROTOCOL, queries=1, windows_min=1, windows_max=1, warmup_queries=1, fill_windows=False
    )
    often = msgspec.structs.replace(once, queries=32, windows_min=8, windows_max=8, mode="latency")
    try:
        session(scenario, timing, rng, once)
        sentence = None
    except NotMeasurable as error:
        sentence = str(error)
    errors = [session(scenario, timing, rng, often, query_s=seconds).error for seconds in (0.03, 0.045, 0.06)]
    return {"once": sentence, "often": errors}


def long_queries() -> dict[str, Any]:
    """The full suite's warm-up with queries that are long for its limit: flags, and the seconds and parts that it took.

    34 s is what an XL image model takes on an A100, 150 s on a card of a quarter of its speed; `drifting` never gets
    steady, so that its warm-up has to be given up.
    """
    found = {}
    for name, minimum, query_s, drift_per_h in (
        ("ten of 34 s", 10, 34.0, 0.0),
        ("ten of 150 s", 10, 150.0, 0.0),
        ("three of 170 s", 3, 170.0, 0.0),
        ("drifting", 3, 170.0, 2.0),
    ):
        rng = Random(f"long queries: {name}")  # noqa: S311 - chances, no secrets
        protocol = msgspec.structs.replace(
            STEADY, queries=1, windows_min=2, windows_max=2, warmup_queries=minimum
        )
        scenario = replace(
            scenario_of("A100", "full", rng), sensor=Sensor(noise_w=1.0, gain_drift_per_h=drift_per_h)
        )
        run = session(
            scenario,
            timing_of("A100", "full"),
            rng,
            protocol,
            query_s=query_s,
            spread=0.002,
            ripple=0.002,
        )
        (warm_up,) = (span for span in run.trace.spans if span.kind == "warm-up")
        found[name] = {
            "flags": run.flags,
            "queries": round((warm_up.end_us - warm_up.start_us) / 1e6 / query_s),
        }
    return found


PARTS: dict[str, Callable[[], Any]] = {
    part.__name__: part for part in (sessions, probes, dirty, size, short, long_queries)
}

if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]]()))
