"""The raw trace of a run on a simulated card: an energy counter that moves ten times a second, with noise and drift.

Drawn directly, a thousand times faster than the agent on a simulated NVML (`joulemark_simulation.honest_sessions`),
which the platform may not import.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.stretches import BUSY
from joulemark.record.trace import Gauge, Queries, Span, Stream, Timing, Trace, to_deltas

if TYPE_CHECKING:
    from numpy.typing import NDArray

WARM_UP_S, IDLE_S, REST_S, PAUSE_S = 3.0, 12.0, 1.6, 0.3
STEP_US = 100_000
TIMING = Timing(period_us=STEP_US, settle_us=150_000, delay_us=0, coverage="full", spread=0.004)
REST_NOISE_W, WORK_NOISE_W = 0.6, 1.5
LATENCY_SPREAD = 0.03
GPU_IDLE = 0x01


@dataclass(frozen=True, kw_only=True)
class Run:
    """What happens in a run. `energy_j` is what the counter tells of a query, `latency_s` its mean length.

    `per_window` queries in each of `windows`; `foreign` is whether the agent sees another process. `unsteadiness` is
    the relative standard deviation of the windows' powers.
    """

    energy_j: float
    latency_s: float
    idle_w: float
    limit_w: float
    per_window: int
    windows: int
    foreign: bool = False
    unsteadiness: float = 0.002


def trace_of(run: Run, answers: bytes, draw: np.random.Generator) -> Trace:
    """The run as its sensors saw it. `answers` are the short digests of the sample's answers, in order."""
    windows = [_queries(run, draw) for _ in range(run.windows)]
    spans = _spans([int(sum(queries.duration_us) + sum(queries.gap_us)) for queries in windows], draw)
    steps = np.arange(1, spans[-1].end_us // STEP_US + 3) * STEP_US
    power_w = _powers_w(run, spans, windows, steps, draw)
    read_us, value = _ticks(steps, power_w, draw)
    seen_us = steps + draw.integers(200, 6_000, len(steps))
    told_mw = np.round(1e3 * power_w * draw.normal(1.0, 0.004, len(steps)))
    return Trace(
        version=1,
        streams=(
            Stream(
                name="gpu-board",
                scope="gpu",
                unit="mJ",
                joules_per_unit=1e-3,
                wraps_at=None,
                t_us=_column(read_us),
                value=_column(value),
                timing=TIMING,
            ),
        ),
        spans=tuple(spans),
        queries=tuple(windows),
        gauges=(
            Gauge(name="gpu-power-instant", unit="mW", t_us=_column(seen_us), value=_column(told_mw)),
            *_states(run, spans, seen_us[::10], power_w[::10], draw),
        ),
        answers=answers,
    )


def _queries(run: Run, draw: np.random.Generator) -> Queries:
    lengths = run.latency_s * draw.lognormal(0.0, LATENCY_SPREAD, run.per_window)
    gaps_us = draw.integers(15, 120, run.per_window)
    return Queries(
        duration_us=tuple(max(int(us), 1) for us in np.round(1e6 * lengths)),
        gap_us=tuple(map(int, gaps_us)),
    )


def _spans(lengths_us: list[int], draw: np.random.Generator) -> list[Span]:
    kinds: list[tuple[str, int]] = [
        ("warm-up", _us(WARM_UP_S)),
        ("rest", _us(REST_S)),
        ("idle-before", _us(IDLE_S)),
    ]
    for length_us in lengths_us:
        kinds += [("window", length_us + 20), ("rest", _us(REST_S))]
    kinds.append(("idle-after", _us(IDLE_S)))
    spans, at_us = [], int(draw.integers(10_000, 90_000))
    for kind, length_us in kinds:
        spans.append(Span(kind=kind, start_us=at_us, end_us=at_us + length_us))  # type: ignore[arg-type]
        at_us += length_us + (_us(PAUSE_S) if kind == "idle-before" else int(draw.integers(20, 400)))
    return spans


def _us(seconds: float) -> int:
    return round(1e6 * seconds)


def _powers_w(
    run: Run, spans: list[Span], windows: list[Queries], steps: NDArray[np.int64], draw: np.random.Generator
) -> NDArray[np.float64]:
    """Mean power in the step that ends at each of `steps`: at rest, and as much more at work as the queries take."""
    power_w = run.idle_w + draw.normal(0.0, REST_NOISE_W, len(steps))
    waiting = iter(windows)
    for span in spans:
        if span.kind not in BUSY:
            continue
        queries = next(waiting) if span.kind == "window" else None
        count = len(queries.duration_us) if queries else span.seconds / run.latency_s
        wanted_w = run.energy_j * count / span.seconds * draw.normal(1.0, run.unsteadiness)
        share = (
            np.clip(np.minimum(steps, span.end_us) - np.maximum(steps - STEP_US, span.start_us), 0, None)
            / STEP_US
        )
        power_w += share * (wanted_w - run.idle_w + draw.normal(0.0, WORK_NOISE_W, len(steps)))
    return np.asarray(power_w, dtype=np.float64)


def _ticks(
    steps: NDArray[np.int64], power_w: NDArray[np.float64], draw: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Readings shortly before and after each step, as a sampler finds the step: times in us, values in mJ."""
    total_mj = int(draw.integers(10**8, 10**11)) + np.round(np.cumsum(1e3 * power_w * STEP_US / 1e6)).astype(
        np.int64
    )
    before_us = steps[1:] - draw.integers(150, 2_500, len(steps) - 1)
    after_us = steps[1:] + draw.integers(20, 900, len(steps) - 1)
    first = np.array([int(draw.integers(0, 900))]), total_mj[:1] - round(1e3 * power_w[0] * STEP_US / 1e6)
    read_us = np.concatenate([first[0], np.column_stack([before_us, after_us]).ravel()])
    value = np.concatenate([first[1], np.column_stack([total_mj[:-1], total_mj[1:]]).ravel()])
    return read_us, value


def _states(
    run: Run,
    spans: list[Span],
    seen_us: NDArray[np.int64],
    power_w: NDArray[np.float64],
    draw: np.random.Generator,
) -> tuple[Gauge, ...]:
    """Temperature, clock reasons, limit, other processes and MIG, once a second."""
    warm = np.convolve(power_w, np.exp(-np.arange(20) / 6.0), "full")[: len(power_w)] / 6.5
    celsius = np.round(28.0 + 0.09 * warm + float(draw.uniform(0.0, 6.0)))
    busy = np.zeros(len(seen_us), dtype=bool)
    for span in spans:
        if span.kind in BUSY:
            busy |= (seen_us >= span.start_us) & (seen_us <= span.end_us)
    strangers = busy.astype(np.int64) if run.foreign else np.zeros(len(seen_us))
    none = np.zeros(len(seen_us))
    limit = np.full(len(seen_us), round(1e3 * run.limit_w))
    read = (
        ("gpu-temperature", "C", celsius),
        ("gpu-throttle", "mask", np.where(busy, 0, GPU_IDLE)),
        ("gpu-power-limit", "mW", limit),
        ("gpu-foreign-processes", "count", strangers),
        ("gpu-mig", "count", none),
    )
    at = _column(seen_us)
    return tuple(
        Gauge(name=name, unit=unit, t_us=at, value=_column(values))  # type: ignore[arg-type]
        for name, unit, values in read
    )


def _column(values: NDArray[np.generic]) -> tuple[int, ...]:
    return to_deltas(int(value) for value in values)
