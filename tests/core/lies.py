"""Honest sessions to lie about: a trace is edited, and every number is computed again as a liar with our code would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from joulemark.record.trace import Gauge, from_deltas, to_deltas
from joulemark.rules.case import Case
from joulemark.rules.judge import judge
from joulemark_simulation.trace_edits import counting

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.record.trace import Trace
    from joulemark.rules.finding import Finding
    from joulemark.suite import Suite

SO = frozenset({"JM-TICKET-NONE", "JM-DEVICE-UNKNOWN", "JM-ESTIMATORS"})
"""Flags that say what is so."""


def suite_of(case: Case) -> Suite:
    """The suite of a simulated session."""
    assert case.context.suite is not None
    return case.context.suite


def idle_w_before(case: Case) -> float:
    """What the trace says of the rest before the work, in watts."""
    assert case.read is not None
    assert case.read.idle is not None
    assert case.read.idle.before_w is not None
    return case.read.idle.before_w


def told(case: Case) -> dict[str, Finding]:
    """What the rules say, by code, but for what is so."""
    return {finding.code: finding for finding in judge(case).findings if finding.code not in SO}


def number_in(finding: Finding, name: str) -> float:
    """A number among what a finding was judged by."""
    value = finding.evidence[name]
    assert isinstance(value, int | float), f"{name} is {value!r}"
    return value


def stating(case: Case, **changes: Any) -> Case:
    """The case with other words about it; those for the device, the work or the host as `device=dict(...)`."""
    said = case.predicate
    for name in ("device", "workload"):
        if isinstance(changes.get(name), dict):
            changes[name] = replace(getattr(said, name), **changes[name])
    return Case(replace(case.statement, predicate=replace(said, **changes)), case.trace, case.context)


def with_gauge(trace: Trace, like: str, name: str, change: Callable[[np.ndarray], np.ndarray]) -> Trace:
    """With a further gauge, read when another one was."""
    gauge = trace.gauge(like)
    assert gauge is not None
    values = tuple(int(one) for one in change(np.array(from_deltas(gauge.t_us))))
    return replace(
        trace,
        gauges=(*trace.gauges, Gauge(name=name, unit="count", t_us=gauge.t_us, value=to_deltas(values))),
    )


def inside(trace: Trace, t_us: np.ndarray) -> np.ndarray:
    """Which times lie in a window."""
    found = np.zeros(len(t_us), dtype=bool)
    for span in trace.windows():
        found |= (t_us >= span.start_us) & (t_us <= span.end_us)
    return found


def invented(trace: Trace, *, idle_w: float, load_w: float) -> Trace:
    """A counter without noise: two powers, told at the counter's own steps."""
    (stream,) = trace.streams
    assert stream.timing is not None
    period_us = stream.timing.period_us
    busy = [(span.start_us, span.end_us) for span in trace.spans if span.kind in ("window", "warm-up")]

    def energy(t_us: np.ndarray, _: np.ndarray) -> np.ndarray:
        step_us = t_us // period_us * period_us
        worked_us = sum(np.clip(np.minimum(step_us, end) - start, 0, None) for start, end in busy)
        energy_mj: np.ndarray = (idle_w * step_us + (load_w - idle_w) * worked_us) / 1e3
        return np.round(energy_mj)

    return counting(trace, energy)
