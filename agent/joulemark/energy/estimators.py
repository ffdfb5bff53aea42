"""The other estimators, from the same ticks: what they say beside the headline is published with it.

`counter`   plain difference of the counter at the edges, as most programs take it
`power`     POWER_INSTANT readings, each held since the one before, with settled edges as `bracket` has them
`average`   mean of POWER_AVERAGE times the duration, for long windows
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from msgspec.structs import replace

from joulemark.energy.accumulate import accumulate, readings
from joulemark.energy.bracket import bracket
from joulemark.energy.errors import EnergyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.energy.pauses import Pauses
    from joulemark.energy.streams import ReadStream
    from joulemark.record.trace import Trace

LONG_S = 10.0
"""`average`, and the comparison of counter and power, need windows at least this long."""
AVERAGE_S = 1.0
"""POWER_AVERAGE is a mean over this time (NVML API reference, NVML_FI_DEV_POWER_AVERAGE)."""


def estimates(
    trace: Trace,
    streams: Sequence[ReadStream],
    pauses: Sequence[Pauses],
    powers_j: tuple[float, ...] | str,
) -> tuple[dict[str, float], dict[str, str]]:
    """Joules per query by each estimator that could be had, and why the others could not.

    `powers_j` is what `power_windows_j` gave. Raises EnergyError.
    """
    queries = sum(len(one.duration_us) for one in trace.queries)
    pause_j = fsum(one.energy_j for one in pauses)
    found: dict[str, float] = {}
    missing: dict[str, str] = {}
    for name, joules in (
        ("bracket", _bracket_j(streams)),
        ("counter", counter_j(trace, streams)),
        ("power", powers_j if isinstance(powers_j, str) else fsum(powers_j)),
        ("average", _average_j(trace, streams)),
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


def counter_over_power(
    trace: Trace, streams: Sequence[ReadStream], powers_j: tuple[float, ...] | str
) -> float | None:
    """The headline over `power` in the windows of LONG_S or more; None where there is no such window or reading."""
    long = [number for number, span in enumerate(trace.windows()) if span.seconds >= LONG_S]
    if not long or isinstance(powers_j, str):
        return None
    by_power_j = fsum(powers_j[number] for number in long)
    by_counter_j = fsum(stream.energy_j[number] for stream in streams for number in long)
    return by_counter_j / by_power_j if by_power_j > 0 else None


def _bracket_j(streams: Sequence[ReadStream]) -> float | str:
    if all(stream.settling is None for stream in streams):
        return "counter-needs-no-settling"
    return fsum(joules for stream in streams for joules in stream.energy_j)


def power_windows_j(trace: Trace, streams: Sequence[ReadStream]) -> tuple[float, ...] | str:
    """Joules of each window from the power readings; why not, where the headline is no GPU's or has none."""
    gauge = trace.gauge("gpu-power-instant")
    if gauge is None or len(streams) != 1 or streams[0].scope != "gpu" or streams[0].settling is None:
        return "no-power-reading"
    try:
        return bracket(accumulate(gauge), trace, replace(streams[0].settling.timing, delay_us=0)).energy_j
    except EnergyError:
        return "too-few-power-readings"


def _average_j(trace: Trace, streams: Sequence[ReadStream]) -> float | str:
    gauge = trace.gauge("gpu-power-average")
    if gauge is None or len(streams) != 1 or streams[0].scope != "gpu":
        return "no-power-average"
    if trace.mode != "throughput" or any(span.seconds < LONG_S for span in trace.windows()):
        return "windows-too-short"
    t_s, milliwatts = readings(gauge)
    total_j = 0.0
    for span in trace.windows():
        inside = (t_s >= span.start_us / 1e6 + AVERAGE_S) & (t_s <= span.end_us / 1e6)
        if not inside.any():
            return "too-few-power-readings"
        total_j += float(milliwatts[inside].mean()) / 1e3 * span.seconds
    return total_j
