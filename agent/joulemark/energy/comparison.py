"""Whether the estimators of one run agree: each beside the headline, with the interval that both leave open.

What both share is no part of it: the windows' own spread, the choice of queries, and the sensor's scale and zero. It
is made of the 95 % half-width of how the two differ from window to window, and twice the standard uncertainties of
what each of them may misplace in all windows alike, added in squares (GUM, JCGM 100:2008, 5.1). A difference beyond
it is not explained by what is known of the two, and is flagged with its number; how large it is beside the result's
own interval decides what becomes of the result (`rules.completeness`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, hypot
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.budget import SENSOR_TERMS, combined
from joulemark.energy.errors import TraceIncomplete
from joulemark.energy.percentiles import median
from joulemark.energy.precision import relative_half_width
from joulemark.energy.sensors import COVERAGE_FACTOR
from joulemark.record.statement import Comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from joulemark.energy.accumulate import Gauges
    from joulemark.energy.derivative import Derivative
    from joulemark.energy.streams import ReadStream
    from joulemark.record.statement import Term
    from joulemark.record.trace import Span, Trace

LONG_S = 10.0
"""`average` and `power` are compared in windows at least this long."""
AVERAGE_S = 1.0
"""POWER_AVERAGE is a mean over this time (NVML API reference, NVML_FI_DEV_POWER_AVERAGE)."""
LEAST_WINDOWS = 2
"""One window does not show how two estimators scatter."""
NO_PART_OF_IT = frozenset({*SENSOR_TERMS, "windows", "queries"})


@dataclass(frozen=True, kw_only=True)
class _Other:
    """Another estimator: joules of each window, by its number, and its own standard uncertainty, relative."""

    name: str
    energy_j: dict[int, float]
    relative_u: float


def compare(
    trace: Trace,
    streams: Sequence[ReadStream],
    budget: Sequence[Term],
    gauges: Gauges,
    *,
    derived: Derivative | str,
    powers_j: tuple[float, ...] | str,
    averages_j: tuple[float, ...] | str,
) -> tuple[Comparison, ...]:
    """Every other estimator beside the headline, in the order of their names; empty where there is no settling counter.

    A text instead of joules says why an estimator is missing. `budget` is the headline's. Raises EnergyError when a
    gauge is broken.
    """
    if len(streams) != 1 or streams[0].settling is None or not budget:
        return ()
    (stream,) = streams
    own_u = combined([term for term in budget if term.name not in NO_PART_OF_IT])
    others = (
        _average(trace, averages_j, gauges),
        _counter(trace, stream),
        _derivative(stream, derived),
        _power(trace, stream, powers_j, gauges),
    )
    return tuple(
        found for other in others if other and (found := _beside(stream.energy_j, other, own_u)) is not None
    )


def disagreements(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Those whose difference lies beyond the joint interval."""
    return tuple(each for each in comparisons if abs(each.relative) > each.joint)


def _beside(headline_j: Sequence[float], other: _Other, own_u: float) -> Comparison | None:
    """None where too few windows have both, or one is not above 0."""
    pairs = [(headline_j[number], joules) for number, joules in other.energy_j.items()]
    if len(pairs) < LEAST_WINDOWS or min(min(pair) for pair in pairs) <= 0:
        return None
    ratios = [joules / headline for headline, joules in pairs]
    relative = fsum(joules for _, joules in pairs) / fsum(headline for headline, _ in pairs) - 1
    scatter = relative_half_width(ratios) * fsum(ratios) / len(ratios)
    return Comparison(
        estimator=other.name,
        windows=len(pairs),
        relative=relative,
        joint=hypot(scatter, COVERAGE_FACTOR * own_u, COVERAGE_FACTOR * other.relative_u),
    )


def _long(trace: Trace) -> list[tuple[int, Span]]:
    return [(number, span) for number, span in enumerate(trace.windows()) if span.seconds >= LONG_S]


def _average(trace: Trace, averages_j: tuple[float, ...] | str, gauges: Gauges) -> _Other | None:
    """Its readings are means of a second: the window's edges weigh less, and what the power does there is left open."""
    gauge = trace.gauge("gpu-power-average")
    long = _long(trace)
    if isinstance(averages_j, str) or gauge is None or not long:
        return None
    t_s, milliwatts = gauges.read(gauge)
    spreads = []
    for _, span in long:
        first, behind = (
            int(t_s.searchsorted(at_s)) for at_s in (span.start_us / 1e6 + AVERAGE_S, span.end_us / 1e6)
        )
        seen = milliwatts[first:behind]
        if len(seen) and (mean := float(seen.mean())) > 0:
            spreads.append(AVERAGE_S / span.seconds * float(np.ptp(seen)) / mean / 3**0.5)
    if not spreads:
        return None
    return _Other(
        name="average",
        energy_j={number: averages_j[number] for number, _ in long},
        relative_u=fsum(spreads) / len(spreads),
    )


def _power(
    trace: Trace, stream: ReadStream, powers_j: tuple[float, ...] | str, gauges: Gauges
) -> _Other | None:
    """Each reading is of an update up to a period ago, and is held since the one before: so late the load's edges are
    told, in all windows alike. Between the updates it looks at a part of the time, as a part-time counter does.
    """
    gauge, long = trace.gauge("gpu-power-instant"), _long(trace)
    if isinstance(powers_j, str) or gauge is None or stream.settling is None or not long:
        return None
    period_s = stream.settling.timing.period_us / 1e6
    late_s = period_s + _distance_s(gauges.read(gauge)[0], long)
    late_j = fsum(_above_w(trace, stream, number, span) * late_s for number, span in long)
    total_j = max(fsum(stream.energy_j[number] for number, _ in long), 1e-9)
    seconds = fsum(span.seconds for _, span in long)
    return _Other(
        name="power",
        energy_j={number: powers_j[number] for number, _ in long},
        relative_u=hypot(late_j / total_j, period_s / seconds) / 3**0.5,
    )


def _distance_s(t_s: NDArray[np.float64], spans: Sequence[tuple[int, Span]]) -> float:
    """The median distance of readings in the windows, in seconds; a whole window where one has less than two."""
    distances_s = []
    for _, span in spans:
        first, behind = t_s.searchsorted([span.start_us / 1e6, span.end_us / 1e6])
        distances_s.append(median(np.diff(t_s[first:behind])) if behind - first >= 2 else span.seconds)
    return max(distances_s)


def _above_w(trace: Trace, stream: ReadStream, number: int, span: Span) -> float:
    """How much more than at rest a window's queries took while they ran, in watts; not below 0."""
    if stream.settling is None:
        return 0.0
    before, _ = stream.settling.bracketed.around[number]
    rest_j = stream.settling.bracketed.rest.power_w(before, span.start_us / 1e6) * span.seconds
    busy_s = sum(trace.queries[number].duration_us) / 1e6 or span.seconds
    return max(stream.energy_j[number] - rest_j, 0.0) / busy_s


def _counter(trace: Trace, stream: ReadStream) -> _Other | None:
    """Late by the delay and taken between ticks: off by what the load adds in the delay and one period."""
    settling = stream.settling
    if settling is None:
        return None
    late_s = (abs(settling.timing.delay_us) + settling.timing.period_us) / 1e6
    energies_j, open_j = {}, 0.0
    for number, span in enumerate(trace.windows()):
        energies_j[number] = stream.counter.difference(span.start_us, span.end_us).energy_j
        ticks_w = max(stream.energy_j[number], energies_j[number]) / span.seconds
        open_j += _above_w(trace, stream, number, span) * late_s + ticks_w * _beyond_s(stream, span)
    return _Other(
        name="counter", energy_j=energies_j, relative_u=open_j / max(fsum(stream.energy_j), 1e-9) / 3**0.5
    )


def _beyond_s(stream: ReadStream, span: Span) -> float:
    """How far the ticks around a window lie outside of it, in seconds."""
    try:
        return max(stream.counter.difference(span.start_us, span.end_us).between_ticks_s - span.seconds, 0.0)
    except TraceIncomplete:
        return 0.0


def _derivative(stream: ReadStream, derived: Derivative | str) -> _Other | None:
    if isinstance(derived, str):
        return None
    total_j = max(fsum(stream.energy_j), 1e-9)
    return _Other(
        name="derivative",
        energy_j=dict(enumerate(derived.energy_j)),
        relative_u=hypot(fsum(derived.edge_j), *derived.read_j) / total_j,
    )
