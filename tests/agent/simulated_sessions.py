"""Whole sessions of the agent on simulated cards, many in one process; prints what came of them as JSON.

Start it with the environment of any simulation, since the loader looks for NVML where LD_LIBRARY_PATH says at the
start: `python simulated_sessions.py PART`, PART a key of PARTS. All chances are drawn from seeds.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from random import Random
from statistics import NormalDist
from typing import Any

import msgspec

from joulemark.energy import budget
from joulemark.energy.errors import NotMeasurable
from joulemark.energy.sensors import sensor_error
from joulemark.errors import MeterFailed
from joulemark.record.trace import pack
from joulemark.suite import Protocol
from joulemark_simulation.card_sessions import (
    IDLE_W,
    MODES,
    PROTOCOL,
    STEADY,
    probed,
    read_rests_rarely,
    scenario_of,
    session,
    timing_of,
)
from joulemark_simulation.nvml.cards import CARDS
from joulemark_simulation.nvml.scenario import (
    ENERGY,
    Failure,
    LimitChange,
    Process,
    Sensor,
    Throttle,
)

SESSIONS = 304
PROBES = 100 if "JOULEMARK_LAW_EXAMPLES" in os.environ else 40
SENSOR = sensor_error("nvml-counter")
LEAST_AT_REST = 0.2
"""Share of its power at rest that every sensor tells at least: none tells less than nothing."""
DRIFT_PER_H = 0.005


def sessions() -> list[dict[str, Any]]:
    """Cards, counters and chances in turn: errors with what the budget says of them.

    What a reading has to be multiplied by and lessened by are each spread evenly over the normal distribution that the
    budget states, in an order drawn by chance: so many sessions then tell their share of the coverage almost exactly.
    Undoing both tells what the method alone is off by. Rests are read half as often as on a machine, where time costs
    nothing.
    """
    read_rests_rarely()
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
