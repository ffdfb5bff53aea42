"""The other estimators, from the same ticks: what they say beside the headline is published with it.

`counter`   plain difference of the counter at the edges, as most programs take it
`power`     POWER_INSTANT readings, each held since the one before, with settled edges as `bracket` has them
`average`   mean of POWER_AVERAGE times the duration, for long windows
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from msgspec.structs import replace

from joulemark.energy.accumulate import Gauges, held
from joulemark.energy.bracket import window_energies_j
from joulemark.energy.errors import EnergyError
from joulemark.energy.precision import relative_half_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.energy.pauses import Pauses
    from joulemark.energy.streams import ReadStream
    from joulemark.record.trace import Trace

LONG_S = 10.0
"""`average`, and the comparison of counter and power, need windows at least this long."""
DISAGREE = 0.05
"""Share by which energy and power may differ: above what noise and edges make of a long window."""
LEAST_WINDOWS = 3
AVERAGE_S = 1.0
"""POWER_AVERAGE is a mean over this time (NVML API reference, NVML_FI_DEV_POWER_AVERAGE)."""


def estimates(
    trace: Trace,
    streams: Sequence[ReadStream],
    pauses: Sequence[Pauses],
    powers_j: tuple[float, ...] | str,
    averages_j: tuple[float, ...] | str,
) -> tuple[dict[str, float], dict[str, str]]:
    """Joules per query by each estimator that could be had, and why the others could not.

    `powers_j` is what `power_windows_j` gave, `averages_j` what `average_windows_j` did. Raises EnergyError.
    """
    queries = sum(len(one.duration_us) for one in trace.queries)
    pause_j = fsum(one.energy_j for one in pauses)
    found: dict[str, float] = {}
    missing: dict[str, str] = {}
    for name, joules in (
        ("bracket", _bracket_j(streams)),
        ("counter", counter_j(trace, streams)),
        ("power", powers_j if isinstance(powers_j, str) else fsum(powers_j)),
        ("average", averages_j if isinstance(averages_j, str) else fsum(averages_j)),
    ):
        if isinstance(joules, str):
            missing[name] = joules
        elif joules < pause_j:
            missing[name] = "less-than-at-rest"
        else:
            found[name] = (joules - pause_j) / queries
    return found, missing


def counter_j(trace: Trace, streams: Sequence[ReadStream]) -> float:
    """Sum of the plain differences over the windows, in joules. Raises TraceIncomplete."""
    return fsum(
        stream.counter.difference(span.start_us, span.end_us).energy_j
        for stream in streams
        for span in trace.windows()
    )


def counters_disagree(
    trace: Trace,
    streams: Sequence[ReadStream],
    powers_j: tuple[float, ...] | str,
    averages_j: tuple[float, ...] | str | None = None,
) -> bool:
    """Whether energy and power contradict each other by more than DISAGREE, in the windows of LONG_S or more.

    POWER_AVERAGE sees everything and is taken where it is read. POWER_INSTANT looks at a part of the time only, so its
    windows scatter: the 95 % interval of the mean ratio must lie beyond DISAGREE, which takes three windows.
    """
    if averages_j is None:
        averages_j = average_windows_j(trace, streams)
    long = [number for number, span in enumerate(trace.windows()) if span.seconds >= LONG_S]
    gross_j = [fsum(stream.energy_j[number] for stream in streams) for number in long]
    if not isinstance(averages_j, str):
        by_average_j = fsum(averages_j[number] for number in long)
        return by_average_j > 0 and abs(fsum(gross_j) / by_average_j - 1) > DISAGREE
    if isinstance(powers_j, str) or len(long) < LEAST_WINDOWS:
        return False
    ratios = [
        joules / powers_j[number]
        for joules, number in zip(gross_j, long, strict=True)
        if powers_j[number] > 0
    ]
    if len(ratios) < LEAST_WINDOWS:
        return False
    mean = fsum(ratios) / len(ratios)
    return abs(mean - 1) - mean * relative_half_width(ratios) > DISAGREE


def _bracket_j(streams: Sequence[ReadStream]) -> float | str:
    if all(stream.settling is None for stream in streams):
        return "counter-needs-no-settling"
    return fsum(joules for stream in streams for joules in stream.energy_j)


def power_windows_j(
    trace: Trace, streams: Sequence[ReadStream], gauges: Gauges | None = None
) -> tuple[float, ...] | str:
    """Joules of each window from the power readings; why not, where the headline is no GPU's or has none."""
    gauge = trace.gauge("gpu-power-instant")
    if gauge is None or len(streams) != 1 or streams[0].scope != "gpu" or streams[0].settling is None:
        return "no-power-reading"
    try:
        steps = held((gauges or Gauges(trace)).read(gauge))
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
    found = []
    for span in trace.windows():
        first = int(t_s.searchsorted(span.start_us / 1e6 + AVERAGE_S, side="left"))
        behind = int(t_s.searchsorted(span.end_us / 1e6, side="right"))
        if behind <= first:
            return "too-few-power-readings"
        found.append(float(milliwatts[first:behind].mean()) / 1e3 * span.seconds)
    return tuple(found)
