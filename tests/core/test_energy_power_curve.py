"""Power curves: few steps that add up to the energy of the counter, and nothing where nothing was read."""

from __future__ import annotations

from math import isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.energy.errors import TraceIncomplete
from joulemark.energy.power_curve import MAX_BANDS, MAX_STEPS, power_curve
from joulemark.record import trace as t
from joulemark_simulation import records
from tests.laws import law


def run_of(readings: list[tuple[int, int]], spans: list[t.Span]) -> t.Trace:
    """One counter in millijoules, read after (microseconds, millijoules) each."""
    windows = sum(span.kind == "window" for span in spans)
    stream = t.Stream(
        name="gpu",
        scope="gpu",
        unit="mJ",
        joules_per_unit=1e-3,
        wraps_at=None,
        t_us=(0, *(step for step, _ in readings)),
        value=(0, *(rise for _, rise in readings)),
    )
    queries = tuple(t.Queries(duration_us=(1,)) for _ in range(windows)) or (t.Queries(duration_us=(1,)),)
    return t.Trace(version=1, streams=(stream,), spans=tuple(spans), queries=queries)


@pytest.mark.laws
@law()
@given(st.lists(st.tuples(st.integers(1_000, 400_000), st.integers(0, 10**6)), min_size=3, max_size=400))
def test_steps_add_up_to_what_the_counter_counted(readings: list[tuple[int, int]]) -> None:
    end_us = sum(step for step, _ in readings)
    curve = power_curve(
        run_of(readings, [t.Span(kind="window", start_us=0, end_us=end_us)]), records.gpu_sensor()
    )
    joules = sum(rise for _, rise in readings) / 1e3
    assert len(curve.counter_w) <= MAX_STEPS
    assert all(power is not None for power in curve.counter_w)
    drawn_j = sum(power or 0.0 for power in curve.counter_w) * curve.step_s
    assert isclose(drawn_j, joules, rel_tol=1e-4, abs_tol=1e-6)
    (phase,) = curve.phases
    assert phase.counter_j is not None
    assert isclose(phase.counter_j, joules, rel_tol=1e-9, abs_tol=1e-9)
    edges = np.linspace(0, end_us / 1e6, len(curve.counter_w) + 1)
    times = np.cumsum([0, *(step for step, _ in readings)]) / 1e6
    sums = np.cumsum([0, *(rise for _, rise in readings)]) / 1e3
    expected = np.diff(np.interp(edges, times, sums)) / np.diff(edges)
    assert np.allclose(np.array(curve.counter_w, dtype=float), expected, rtol=1e-3, atol=1e-3)


def test_what_was_not_read_has_no_power() -> None:
    trace = run_of([(1_000_000, 50_000)] * 4, [t.Span(kind="window", start_us=0, end_us=8_000_000)])
    curve = power_curve(trace, records.gpu_sensor())
    half = len(curve.counter_w) // 2
    assert set(curve.counter_w[:half]) == {50.0}
    assert set(curve.counter_w[half + 1 :]) == {None}
    assert curve.phases[0].counter_j is None


def test_readings_of_power_stand_beside_the_counter() -> None:
    curve = power_curve(records.gpu_trace(load_w=300.0, idle_w=60.0), records.gpu_sensor())
    by_kind = {phase.kind: phase for phase in curve.phases}
    assert by_kind["idle-before"].gauge_j == pytest.approx(12 * 60, rel=0.02)
    assert by_kind["window"].counter_j == pytest.approx(6 * 300, rel=0.02)
    assert curve.gauge_of_all
    assert len(curve.bands) == sum(phase.n_spans for phase in curve.phases)


def test_many_spans_are_few_bands() -> None:
    spans = [
        t.Span(kind="window" if place % 2 == 0 else "rest", start_us=place * 1000, end_us=place * 1000 + 1000)
        for place in range(6000)
    ]
    curve = power_curve(run_of([(1000, 5)] * 6000, spans), records.gpu_sensor())
    (band,) = curve.bands
    assert (band.kind, band.n_spans) == ("window", 3000)
    mixed = [
        t.Span(kind="window" if place % 2 == 0 else "idle-after", start_us=span.start_us, end_us=span.end_us)
        for place, span in enumerate(spans)
    ]
    assert len(power_curve(run_of([(1000, 5)] * 6000, mixed), records.gpu_sensor()).bands) == MAX_BANDS


def test_a_run_without_time_has_no_curve() -> None:
    with pytest.raises(TraceIncomplete):
        power_curve(run_of([(5, 5)], [t.Span(kind="window", start_us=3, end_us=3)]), records.gpu_sensor())
