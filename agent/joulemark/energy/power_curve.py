"""Power over the time of a run, in few equal steps: what a picture of a trace needs.

A step's power is the energy counted in it divided by its length, so the steps add up to the energy of the counter
whatever their number. Between two readings a counter is taken to rise evenly. Where a counter was not read, there is
no power, not a power of zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.accumulate import accumulate
from joulemark.energy.counter import counter
from joulemark.energy.errors import EnergyError, TraceIncomplete
from joulemark.energy.streams import SCOPES
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from joulemark.record.statement import Sensor
    from joulemark.record.trace import Span, Trace

MAX_STEPS = 240
"""Steps of a curve at most, and never more than readings: two pixels each on a phone, some kilobytes in a page."""
PERIODS_PER_STEP = 4
"""A counter that moves once a period is off by a period at either end of a step: a quarter of it at most."""
MAX_BANDS = 120
"""Spans that are listed one by one; of more, neighbouring windows and rests are one."""
POWER_GAUGE = "gpu-power-instant"

Power = float | None


@dataclass(frozen=True, kw_only=True)
class Phase:
    """All spans of one kind: their number, length and joules by the headline's counters and by the power readings."""

    kind: str
    n_spans: int
    seconds: float
    counter_j: float | None
    gauge_j: float | None


@dataclass(frozen=True, kw_only=True)
class Band:
    """A stretch of the run, in seconds on the trace's clock; `n_spans` of its kind lie in it."""

    kind: str
    start_s: float
    end_s: float
    n_spans: int


@dataclass(frozen=True, kw_only=True)
class PowerCurve:
    """Mean watts of each step of `step_s` from `start_s` on, by the headline's counters and by the power readings.

    None where they were not read throughout the step; `gauge_w` is empty where the run has no power readings.
    `gauge_of_all` says whether both cover the same hardware. `n_ticks` and `n_readings` are what it was thinned from.
    """

    start_s: float
    step_s: float
    counter_w: tuple[Power, ...]
    gauge_w: tuple[Power, ...]
    gauge_of_all: bool
    phases: tuple[Phase, ...]
    bands: tuple[Band, ...]
    n_ticks: int
    n_readings: int


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """Joules from the first of `t_s` on, at times in seconds that do not decrease."""

    t_s: NDArray[np.float64]
    energy_j: NDArray[np.float64]

    def between(
        self, start_s: NDArray[np.float64], end_s: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Joules of each stretch, and whether readings lie around all of it."""
        joules = np.interp(end_s, self.t_s, self.energy_j) - np.interp(start_s, self.t_s, self.energy_j)
        return joules, (start_s >= self.t_s[0]) & (end_s <= self.t_s[-1])


def power_curve(trace: Trace, sensor: Sensor) -> PowerCurve:
    """The curve of a run over the streams of `sensor.scope`. Raises EnergyError.

    Costs one pass over the readings, of which a trace has no more than `record.limits` allow.
    """
    streams = [stream for stream in trace.streams if stream.scope in SCOPES[sensor.scope]]
    spans = sorted(trace.spans, key=lambda span: (span.start_us, span.end_us))
    start_s, end_s = spans[0].start_us / 1e6, max(span.end_us for span in spans) / 1e6
    if not streams or end_s <= start_s:
        raise TraceIncomplete(_("The trace has no counter of its scope, or no time between its spans."))
    counters = [counter(stream) for stream in streams]
    sums = [
        _Sums(t_s=read.t_us / 1e6, energy_j=read.units.astype(np.float64) * read.joules_per_unit)
        for read in counters
    ]
    gauge = _gauge_sums(trace)
    periods_s = [stream.timing.period_us / 1e6 for stream in streams if stream.timing is not None]
    length_s = end_s - start_s
    n_most = min(MAX_STEPS, max(min(len(read.t_us) for read in counters) - 1, 1))
    step_s = max(length_s / n_most, PERIODS_PER_STEP * max(periods_s, default=0.0))
    n_steps = max(1, int(length_s / step_s + 1e-9))
    edges: NDArray[np.float64] = np.linspace(start_s, end_s, n_steps + 1, dtype=np.float64)
    return PowerCurve(
        start_s=start_s,
        step_s=length_s / n_steps,
        counter_w=_watts(sums, edges),
        gauge_w=() if gauge is None else _watts([gauge], edges),
        gauge_of_all={str(stream.scope) for stream in streams} == {"gpu"},
        phases=_phases(spans, sums, gauge),
        bands=_bands(spans),
        n_ticks=sum(len(stream.t_us) for stream in streams),
        n_readings=0 if gauge is None else len(gauge.t_s),
    )


def _gauge_sums(trace: Trace) -> _Sums | None:
    """The power readings, each held since the one before; None where there are none or they cannot be read."""
    gauge = trace.gauge(POWER_GAUGE)
    if gauge is None or len(gauge.t_us) < 2:
        return None
    try:
        readings = accumulate(gauge)
    except EnergyError:
        return None
    return _Sums(t_s=readings.high_s, energy_j=readings.energy_j)


def _watts(sums: Sequence[_Sums], edges: NDArray[np.float64]) -> tuple[Power, ...]:
    joules, is_read = _total(sums, edges[:-1], edges[1:])
    watts = joules / np.diff(edges)
    return tuple(
        _rounded(power) if covered else None
        for power, covered in zip(watts.tolist(), is_read.tolist(), strict=True)
    )


def _rounded(watts: float) -> float:
    """To five digits: a picture shows three."""
    return float(f"{watts:.5g}")


def _total(
    sums: Sequence[_Sums], start_s: NDArray[np.float64], end_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    parts = [each.between(start_s, end_s) for each in sums]
    return np.sum([joules for joules, _ in parts], axis=0), np.all([covered for _, covered in parts], axis=0)


def _phases(spans: Sequence[Span], sums: Sequence[_Sums], gauge: _Sums | None) -> tuple[Phase, ...]:
    phases = []
    for kind in dict.fromkeys(str(span.kind) for span in spans):
        of_kind = [span for span in spans if span.kind == kind]
        start_s = np.array([span.start_us for span in of_kind]) / 1e6
        end_s = np.array([span.end_us for span in of_kind]) / 1e6
        phases.append(
            Phase(
                kind=kind,
                n_spans=len(of_kind),
                seconds=fsum((end_s - start_s).tolist()),
                counter_j=_joules(sums, start_s, end_s),
                gauge_j=None if gauge is None else _joules([gauge], start_s, end_s),
            )
        )
    return tuple(phases)


def _joules(sums: Sequence[_Sums], start_s: NDArray[np.float64], end_s: NDArray[np.float64]) -> float | None:
    joules, is_read = _total(sums, start_s, end_s)
    return fsum(joules.tolist()) if bool(is_read.all()) else None


def _bands(spans: Sequence[Span]) -> tuple[Band, ...]:
    """Every span, or where they are too many each unbroken row of windows and rests as one band of windows."""
    if len(spans) <= MAX_BANDS:
        return tuple(
            Band(kind=span.kind, start_s=span.start_us / 1e6, end_s=span.end_us / 1e6, n_spans=1)
            for span in spans
        )
    bands: list[Band] = []
    for span in spans:
        kind = "window" if span.kind == "rest" else str(span.kind)
        counted = int(span.kind != "rest")
        if bands and bands[-1].kind == kind:
            last = bands.pop()
            end_s = max(last.end_s, span.end_us / 1e6)
            bands.append(Band(kind=kind, start_s=last.start_s, end_s=end_s, n_spans=last.n_spans + counted))
        else:
            bands.append(
                Band(kind=kind, start_s=span.start_us / 1e6, end_s=span.end_us / 1e6, n_spans=counted)
            )
    return tuple(bands[:MAX_BANDS])
