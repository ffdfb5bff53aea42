"""Energies, latencies and totals of a whole run, from its trace alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.counter import Counter, counter
from joulemark.energy.errors import TraceIncomplete, TraceInconsistent
from joulemark.record.statement import Idle, Sensor, Totals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from joulemark.record.trace import Span, Trace

SCOPES: dict[str, frozenset[str]] = {
    "gpu": frozenset({"gpu"}),
    "gpu+cpu+dram": frozenset({"gpu", "cpu", "dram"}),
    "cpu": frozenset({"cpu"}),
    "cpu+dram": frozenset({"cpu", "dram"}),
}
"""Which streams' scopes make up a headline scope."""


@dataclass(frozen=True, kw_only=True)
class WindowEnergy:
    """One window: seconds on the trace's clock, joules; net is None where idle power is unknown."""

    start_s: float
    end_s: float
    queries: int
    gross_j: float
    net_j: float | None


def window_energies(trace: Trace, sensor: Sensor) -> tuple[WindowEnergy, ...]:
    """Energy of each window in order, over the streams of `sensor.scope`.

    gross = difference of the counters (see `counter.Counter.difference`); net = gross - idle power x
    duration, with idle power the mean of before and after. Raises EnergyError.
    """
    windows = trace.windows()
    if not windows:
        raise TraceIncomplete("The trace has no window.")
    if len(windows) != len(trace.queries):
        raise TraceInconsistent(f"The trace has {len(windows)} windows and queries for {len(trace.queries)}.")
    counters = _counters(trace, sensor)
    idle = _idle(trace, counters)
    idle_w = None if idle is None else (idle.before_w + idle.after_w) / 2
    energies = []
    for span, queries in zip(windows, trace.queries, strict=True):
        gross_j = _energy_j(counters, span)
        duration_s = (span.end_us - span.start_us) / 1e6
        energies.append(
            WindowEnergy(
                start_s=span.start_us / 1e6,
                end_s=span.end_us / 1e6,
                queries=len(queries.duration_us),
                gross_j=gross_j,
                net_j=None if idle_w is None else gross_j - idle_w * duration_s,
            )
        )
    return tuple(energies)


def idle_power(trace: Trace, sensor: Sensor) -> Idle | None:
    """Mean power before and after the windows, or None when the run has no idle spans. Raises EnergyError."""
    return _idle(trace, _counters(trace, sensor))


def latencies(trace: Trace) -> NDArray[np.float64]:
    """Duration of every query of every window, in seconds, in the order in which they ran."""
    columns = [np.asarray(queries.duration_us, dtype=np.float64) for queries in trace.queries]
    return np.concatenate(columns) / 1e6 if columns else np.empty(0)


def totals(trace: Trace, sensor: Sensor) -> Totals:
    """Sums over the windows, and the percentiles of latency (linear interpolation). Raises EnergyError."""
    windows = window_energies(trace, sensor)
    queries = sum(window.queries for window in windows)
    if not queries:
        raise TraceIncomplete("The windows hold no query.")
    gross_j = sum(window.gross_j for window in windows)
    nets = [window.net_j for window in windows if window.net_j is not None]
    p50_s, p95_s = np.percentile(latencies(trace), [50, 95])
    return Totals(
        queries=queries,
        duration_s=sum(span.end_us - span.start_us for span in trace.windows()) / 1e6,
        energy_gross_j=gross_j,
        energy_net_j=sum(nets) if len(nets) == len(windows) else None,
        energy_per_query_j=gross_j / queries,
        latency_p50_s=float(p50_s),
        latency_p95_s=float(p95_s),
    )


def _counters(trace: Trace, sensor: Sensor) -> tuple[Counter, ...]:
    wanted = SCOPES[sensor.scope]
    missing = wanted - {str(stream.scope) for stream in trace.streams}
    if missing:
        raise TraceIncomplete(f"The scope {sensor.scope} needs a stream of {', '.join(sorted(missing))}.")
    return tuple(counter(stream) for stream in trace.streams if stream.scope in wanted)


def _energy_j(counters: tuple[Counter, ...], span: Span) -> float:
    if span.end_us <= span.start_us:
        raise TraceInconsistent(f"A {span.kind} span ends at {span.end_us} us, not after its start.")
    return sum(one.difference(span.start_us, span.end_us).energy_j for one in counters)


def _idle(trace: Trace, counters: tuple[Counter, ...]) -> Idle | None:
    before = [span for span in trace.spans if span.kind == "idle-before"]
    after = [span for span in trace.spans if span.kind == "idle-after"]
    if not before and not after:
        return None
    if not before or not after:
        raise TraceIncomplete("Idle was read on one side of the windows only; both are needed.")
    return Idle(
        before_w=_mean_w(counters, before),
        after_w=_mean_w(counters, after),
        before_s=sum(span.end_us - span.start_us for span in before) / 1e6,
        after_s=sum(span.end_us - span.start_us for span in after) / 1e6,
    )


def _mean_w(counters: tuple[Counter, ...], spans: list[Span]) -> float:
    """Mean power over the spans: each counter's rise over the time between the ticks it is taken from."""
    power_w = 0.0
    for one in counters:
        parts = [one.difference(span.start_us, span.end_us) for span in spans]
        seconds = sum(part.between_ticks_s for part in parts)
        if seconds <= 0:
            raise TraceIncomplete(f"Stream {one.name} has no two ticks around the idle span.")
        power_w += sum(part.energy_j for part in parts) / seconds
    return power_w
