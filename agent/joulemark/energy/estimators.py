"""The other estimators, from the same ticks; their values are published beside the headline.

`counter`     plain difference of the counter at the edges, as most programs take it
`derivative`  power from the counter's own changes, integrated from edge to edge (`derivative`)
`power`       POWER_INSTANT readings, each held since the one before, with settled edges as `bracket` has them
`average`     mean of POWER_AVERAGE times the duration, for long windows
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from msgspec.structs import replace

from joulemark.energy.accumulate import Gauges, zero_order_hold
from joulemark.energy.bracket import window_energies_j
from joulemark.energy.comparison import AVERAGE_S, LONG_S
from joulemark.energy.derivative import Derivative, derivative
from joulemark.energy.errors import EnergyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.energy.pauses import Pauses
    from joulemark.energy.streams import ReadStream
    from joulemark.record.trace import Trace


def estimates(
    trace: Trace,
    streams: Sequence[ReadStream],
    pauses: Sequence[Pauses],
    *,
    derived: Derivative | str,
    powers_j: tuple[float, ...] | str,
    averages_j: tuple[float, ...] | str,
) -> tuple[dict[str, float], dict[str, str]]:
    """Joules per query by each estimator that could be computed, and why the others could not.

    `derived` is what `derived_windows` returns, `powers_j` what `power_windows_j` does, `averages_j` what
    `average_windows_j` does. Raises EnergyError.
    """
    queries = sum(len(sample.duration_us) for sample in trace.queries)
    pause_j = fsum(pause.energy_j for pause in pauses)
    estimates_j: dict[str, float] = {}
    missing: dict[str, str] = {}
    for name, joules in (
        ("bracket", _bracket_j(streams)),
        ("counter", counter_j(trace, streams)),
        ("derivative", derived if isinstance(derived, str) else fsum(derived.energy_j)),
        ("power", powers_j if isinstance(powers_j, str) else fsum(powers_j)),
        ("average", averages_j if isinstance(averages_j, str) else fsum(averages_j)),
    ):
        if isinstance(joules, str):
            missing[name] = joules
        elif joules < pause_j:
            missing[name] = "less-than-at-rest"
        else:
            estimates_j[name] = (joules - pause_j) / queries
    return estimates_j, missing


def counter_j(trace: Trace, streams: Sequence[ReadStream]) -> float:
    """Sum of the plain differences over the windows, in joules. Raises TraceIncomplete."""
    return fsum(
        stream.counter.difference(span.start_us, span.end_us).energy_j
        for stream in streams
        for span in trace.windows()
    )


def _bracket_j(streams: Sequence[ReadStream]) -> float | str:
    if all(stream.settling is None for stream in streams):
        return "counter-needs-no-settling"
    return fsum(joules for stream in streams for joules in stream.energy_j)


def derived_windows(trace: Trace, streams: Sequence[ReadStream]) -> Derivative | str:
    """Each window by the counter's own changes; why not, where the headline is not one counter that settles."""
    if len(streams) != 1 or streams[0].settling is None:
        return "counter-needs-no-settling" if streams and streams[0].settling is None else "several-counters"
    settling = streams[0].settling
    least_s = (settling.timing.settle_us + settling.timing.period_us) / 1e6
    if any(span.seconds < least_s for span in trace.windows()):
        return "windows-too-short"
    try:
        return derivative(settling.changes, trace.windows(), settling.timing)
    except EnergyError:
        return "too-few-changes"


def power_windows_j(
    trace: Trace, streams: Sequence[ReadStream], gauges: Gauges | None = None
) -> tuple[float, ...] | str:
    """Joules of each window from the power readings; why not, where the headline is no GPU's or has none."""
    gauge = trace.gauge("gpu-power-instant")
    if gauge is None or len(streams) != 1 or streams[0].scope != "gpu" or streams[0].settling is None:
        return "no-power-reading"
    try:
        steps = zero_order_hold((gauges or Gauges(trace)).read(gauge))
        return window_energies_j(steps, trace, replace(streams[0].settling.timing, delay_us=0))
    except EnergyError:
        return "too-few-power-readings"


def average_windows_j(
    trace: Trace, streams: Sequence[ReadStream], gauges: Gauges | None = None
) -> tuple[float, ...] | str:
    """Joules of each window, mean POWER_AVERAGE times its length; or why not."""
    gauge = trace.gauge("gpu-power-average")
    if gauge is None or len(streams) != 1 or streams[0].scope != "gpu":
        return "no-power-average"
    if trace.mode != "throughput" or any(span.seconds < LONG_S for span in trace.windows()):
        return "windows-too-short"
    t_s, milliwatts = (gauges or Gauges(trace)).read(gauge)
    windows_j = []
    for span in trace.windows():
        first = int(t_s.searchsorted(span.start_us / 1e6 + AVERAGE_S, side="left"))
        behind = int(t_s.searchsorted(span.end_us / 1e6, side="right"))
        if behind <= first:
            return "too-few-power-readings"
        windows_j.append(float(milliwatts[first:behind].mean()) / 1e3 * span.seconds)
    return tuple(windows_j)
