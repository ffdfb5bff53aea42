"""Devices whose energy is known in closed form, and the counters and traces that they give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, fsum
from random import Random
from typing import Literal

import numpy as np

from joulemark.energy.changes import Changes
from joulemark.record.statement import Sensor
from joulemark.record.trace import (
    BusyKind,
    Coverage,
    Gauge,
    GaugeUnit,
    IdleKind,
    Mode,
    Queries,
    Span,
    Stream,
    StreamScope,
    Timing,
    Trace,
    to_deltas,
)

GPU = Sensor(meter="nvml-counter", grade="measured", scope="gpu", stated_watts=None, stated_watts_source=None)
SpanKind = Literal[IdleKind, BusyKind, "rest"]
Part = tuple[SpanKind, float, float]
"""What a run consists of: a kind, and start and end in seconds."""
BESIDE_US = 500
"""How long before and after a counter's step it is read: its time is then known to twice that."""


@dataclass(frozen=True)
class Piece:
    """For `seconds` the device draws `watts` + `level_w` x exp(-t / `decay_s`), t from the piece's own start."""

    seconds: float
    watts: float
    level_w: float = 0.0
    decay_s: float = 1.0

    def energy_j(self, seconds: float) -> float:
        """From its start."""
        return self.watts * seconds + self.level_w * self.decay_s * (1 - exp(-seconds / self.decay_s))


@dataclass(frozen=True)
class Device:
    """Pieces one after another, from 0 on; before them it draws what the first one does without its decay."""

    pieces: tuple[Piece, ...]

    def energy_j(self, at_s: float) -> float:
        """From 0 to `at_s`."""
        if at_s <= 0:
            return self.pieces[0].watts * at_s
        parts, left_s = [], at_s
        for piece in self.pieces:
            parts.append(piece.energy_j(min(left_s, piece.seconds)))
            left_s -= piece.seconds
            if left_s <= 0:
                break
        return fsum(parts)

    def between_j(self, start_s: float, end_s: float) -> float:
        """From one time to another."""
        return self.energy_j(end_s) - self.energy_j(start_s)

    def edges_s(self) -> tuple[float, ...]:
        """When each piece ends."""
        return tuple(accumulate(piece.seconds for piece in self.pieces))


def steps(
    device: Device,
    *,
    until_s: float,
    period_s: float = 0.1,
    phase_s: float = 0.03,
    lag_s: float = 0.0,
    blur: int = 1,
) -> list[tuple[float, float]]:
    """When a counter steps, and to how many joules: late by `lag_s`, blurred over `blur` periods."""
    times = [phase_s + number * period_s for number in range(int((until_s - phase_s) / period_s) + 1)]
    return [
        (at_s, fsum(device.energy_j(at_s - lag_s - back * period_s) for back in range(blur)) / blur)
        for at_s in times
    ]


def irregular_steps(
    device: Device,
    rng: Random,
    *,
    until_s: float,
    between_s: tuple[float, float] = (0.080, 0.140),
    resolution_j: float = 1.0,
    pauses_s: Sequence[tuple[float, float]] = (),
) -> list[tuple[float, float]]:
    """A full counter whose steps come at distances by chance, that counts in whole `resolution_j`, and pauses.

    A step that would add less than the resolution is none; after a pause the counter has counted all the same.
    """
    found, at_s, last = [], 0.0, -1
    while at_s < until_s:
        at_s += rng.uniform(*between_s)
        whole = int(device.energy_j(at_s) / resolution_j)
        if whole != last and not any(start_s <= at_s < end_s for start_s, end_s in pauses_s):
            found.append((at_s, whole * resolution_j))
            last = whole
    return found


def seen(counter: Sequence[tuple[float, float]]) -> Changes:
    """Steps whose times are known exactly."""
    t_s, energy_j = (np.array(column, dtype=np.float64) for column in zip(*counter, strict=True))
    return Changes(low_s=t_s, high_s=t_s, energy_j=energy_j)


def stream(
    counter: Sequence[tuple[float, float]], *, timing: Timing | None, scope: StreamScope = "gpu"
) -> Stream:
    """The counter in millijoules, read just before and just after each step."""
    times, values, before = [], [], 0
    for at_s, joules in counter:
        value = 1_000_000 + round(joules * 1000)
        middle_us = round(at_s * 1e6)
        times += [middle_us - BESIDE_US, middle_us + BESIDE_US]
        values += [before or value - 1, value]
        before = value
    return Stream(
        name=f"{scope}-board",
        scope=scope,
        unit="mJ",
        joules_per_unit=1e-3,
        wraps_at=None,
        t_us=to_deltas(times),
        value=to_deltas(values),
        timing=timing,
    )


def gauge(name: str, unit: GaugeUnit, readings: Iterable[tuple[float, float]]) -> Gauge:
    """Of times in seconds and values in `unit`."""
    times, values = zip(*readings, strict=True)
    return Gauge(
        name=name,
        unit=unit,
        t_us=to_deltas(round(t_s * 1e6) for t_s in times),
        value=to_deltas(round(value) for value in values),
    )


def spans(*named: Part) -> tuple[Span, ...]:
    """Of kinds with their starts and ends in seconds."""
    return tuple(
        Span(kind=kind, start_us=round(start_s * 1e6), end_us=round(end_s * 1e6))
        for kind, start_s, end_s in named
    )


def trace(
    *streams: Stream,
    run: Sequence[Part],
    queries: Sequence[Queries] | None = None,
    gauges: Sequence[Gauge] = (),
    mode: Mode = "throughput",
) -> Trace:
    """A trace; without `queries` each window is one."""
    made = spans(*run)
    windows = [span for span in made if span.kind == "window"]
    whole = [Queries(gap_us=(0,), duration_us=(span.end_us - span.start_us,)) for span in windows]
    return Trace(
        version=1,
        streams=streams,
        spans=made,
        queries=tuple(whole if queries is None else queries),
        gauges=tuple(gauges),
        mode=mode,
    )


def timing(
    *, period_s: float = 0.1, settle_s: float = 0.15, delay_s: float = 0.0, coverage: Coverage = "full"
) -> Timing:
    """How a counter keeps time."""
    return Timing(
        period_us=round(period_s * 1e6),
        settle_us=round(settle_s * 1e6),
        delay_us=round(delay_s * 1e6),
        coverage=coverage,
    )
