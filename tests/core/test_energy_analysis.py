"""`analyse` of counters that need no settling: exact cases, what is refused, and the laws that hold for any trace."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from joulemark.energy.analysis import analyse, latencies, window_work_j
from joulemark.energy.counter import counter
from joulemark.energy.errors import (
    CounterWentBackwards,
    EnergyError,
    TraceIncomplete,
    TraceInconsistent,
)
from joulemark.record.codec import encode
from joulemark.record.statement import Sensor
from joulemark.record.trace import Queries, Span, Stream, StreamScope, Trace, parse, to_deltas
from tests.core.analytic import SpanKind

CPU = Sensor(meter="rapl", grade="measured", scope="cpu", stated_watts=None, stated_watts_source=None)
CPU_AND_DRAM = replace(CPU, scope="cpu+dram")
ESTIMATE = replace(CPU, meter="cpu-time-estimate", grade="estimated", stated_watts=12.0)

LAW = settings(deadline=None, derandomize=True)
"""The same examples every time, however busy the machine is."""


def stream(
    times: list[int],
    values: list[int],
    *,
    scope: StreamScope = "cpu",
    per_unit: float = 1e-6,
    wraps_at: int | None = None,
) -> Stream:
    return Stream(
        name=f"{scope}-0",
        scope=scope,
        unit="uJ",
        joules_per_unit=per_unit,
        wraps_at=wraps_at,
        t_us=to_deltas(times),
        value=to_deltas(values),
    )


def trace(
    *streams: Stream, spans: Sequence[tuple[SpanKind, int, int]], queries: list[list[int]] | None = None
) -> Trace:
    windows = [span for span in spans if span[0] == "window"]
    durations = queries or [[1] for _ in windows]
    return Trace(
        version=1,
        streams=streams,
        spans=tuple(Span(kind=kind, start_us=start, end_us=end) for kind, start, end in spans),
        queries=tuple(
            Queries(start_us=to_deltas(start + n for n in range(len(row))), duration_us=tuple(row))
            for (_, start, _), row in zip(windows, durations, strict=True)
        ),
    )


def gross_j(run: Trace, sensor: Sensor = CPU) -> float:
    (window,) = analyse(run, sensor).windows
    return window.gross_j


def test_a_window_is_the_difference_of_the_ticks_around_it() -> None:
    run = trace(stream([0, 90, 100, 200, 210], [1000, 1500, 2000, 9000, 9999]), spans=[("window", 100, 200)])
    (window,) = analyse(run, CPU).windows
    assert window.gross_j == 7000 * 1e-6
    assert (window.start_s, window.end_s, window.net_j) == (100e-6, 200e-6, None)


def test_ticks_off_the_edges_are_taken_outwards() -> None:
    run = trace(stream([0, 90, 150, 260, 300], [0, 10, 20, 50, 90]), spans=[("window", 100, 200)])
    assert gross_j(run) == 40 * 1e-6


def test_streams_of_the_headline_scope_are_summed_and_others_are_not() -> None:
    cpu = stream([0, 100], [0, 1000])
    dram = stream([0, 100], [0, 300], scope="dram")
    run = trace(cpu, dram, spans=[("window", 0, 100)])
    assert gross_j(run) == 1000 * 1e-6
    assert gross_j(run, CPU_AND_DRAM) == pytest.approx(1300e-6, rel=1e-15)


def test_a_wrap_is_undone() -> None:
    run = trace(stream([0, 50, 100], [900, 990, 40], wraps_at=1000), spans=[("window", 0, 100)])
    assert gross_j(run) == 140 * 1e-6


IDLE_RUN = trace(
    # 2 W before, 10 W in the window, 4 W after; ticks at every edge
    stream([0, 10**6, 3 * 10**6, 4 * 10**6], [0, 2 * 10**6, 22 * 10**6, 26 * 10**6]),
    spans=[("idle-before", 0, 10**6), ("window", 10**6, 3 * 10**6), ("idle-after", 3 * 10**6, 4 * 10**6)],
)


def test_net_is_gross_less_mean_idle_power() -> None:
    found = analyse(IDLE_RUN, CPU)
    assert found.idle is not None
    assert (found.idle.before_w, found.idle.after_w, found.idle.before_s, found.idle.after_s) == (
        2.0,
        4.0,
        1.0,
        1.0,
    )
    (window,) = found.windows
    assert (window.gross_j, window.net_j) == (20.0, 14.0)
    assert found.totals.energy_net_j == 14.0
    assert found.flags == (), "an idle of a second cannot tell a drift from warmth"


TWO_WINDOWS = trace(
    stream([0, 100, 200, 300], [0, 1900, 1900, 4000]),
    spans=[("window", 0, 100), ("window", 200, 300)],
    queries=[[10, 20], [30, 40]],
)


def test_totals_sum_windows_and_rank_latencies() -> None:
    found = analyse(TWO_WINDOWS, CPU).totals
    assert list(latencies(TWO_WINDOWS)) == [10e-6, 20e-6, 30e-6, 40e-6]
    assert found.queries == 4
    assert found.duration_s == 200e-6
    assert found.energy_gross_j == pytest.approx(4000e-6, rel=1e-15)
    assert found.energy_per_query_j == pytest.approx(1000e-6, rel=1e-15)
    assert found.energy_net_j is None
    assert found.latency_p50_s == pytest.approx(25e-6, rel=1e-12)
    assert found.latency_p95_s == pytest.approx(38.5e-6, rel=1e-12)


def test_the_windows_so_far_have_the_same_energies() -> None:
    assert window_work_j(TWO_WINDOWS, CPU) == pytest.approx((1900e-6, 2100e-6), rel=1e-15)


@pytest.mark.parametrize(
    ("run", "error", "says"),
    [
        (trace(stream([10, 100], [0, 1]), spans=[("window", 5, 50)]), TraceIncomplete, "at or before 5 us"),
        (trace(stream([0, 40], [0, 1]), spans=[("window", 5, 50)]), TraceIncomplete, "at or after 50 us"),
        (trace(stream([], []), spans=[("window", 5, 50)]), TraceIncomplete, "no tick"),
        (trace(stream([0, 9], [5, 4]), spans=[("window", 1, 2)]), CounterWentBackwards, "fell"),
        (trace(stream([0, 9], [5, 4], wraps_at=3), spans=[("window", 1, 2)]), TraceInconsistent, "modulus"),
        (trace(stream([9, 0], [5, 6]), spans=[("window", 1, 2)]), TraceInconsistent, "run backwards"),
        (trace(stream([0, 9], [5, 6]), spans=[("window", 2, 2)]), TraceInconsistent, "not after its start"),
        (trace(stream([0, 9], [-5, 6]), spans=[("window", 1, 2)]), TraceInconsistent, "below 0"),
        (
            trace(stream([0, 9], [5, 6], scope="dram"), spans=[("window", 1, 2)]),
            TraceIncomplete,
            "a stream of cpu",
        ),
        (
            trace(stream([0, 9], [5, 6]), spans=[("idle-before", 0, 1), ("window", 1, 2)]),
            TraceIncomplete,
            "one side",
        ),
        (trace(stream([0, 9], [5, 6]), spans=[("warm-up", 1, 2)]), TraceIncomplete, "no window"),
        (
            replace(trace(stream([0, 9], [5, 6]), spans=[("window", 1, 2)]), queries=()),
            TraceInconsistent,
            "1 windows and queries for 0",
        ),
        (
            replace(
                trace(stream([0, 9], [5, 6]), spans=[("window", 1, 2)]), queries=(Queries(duration_us=()),)
            ),
            TraceIncomplete,
            "hold no query",
        ),
        (
            replace(trace(stream([0, 9], [5, 6]), spans=[("window", 1, 2)]), mode="latency"),
            TraceIncomplete,
            "cannot tell pauses from work",
        ),
    ],
)
def test_a_trace_that_gives_no_energy_says_why(run: Trace, error: type[EnergyError], says: str) -> None:
    with pytest.raises(error, match=says):
        analyse(run, CPU)


def test_unequal_columns_are_refused() -> None:
    broken = Stream(
        name="x", scope="cpu", unit="uJ", joules_per_unit=1.0, wraps_at=None, t_us=(0, 1), value=(0,)
    )
    with pytest.raises(TraceInconsistent, match="2 times for 1 values"):
        counter(broken)


def test_sums_beyond_exact_integers_are_refused_and_never_overflow() -> None:
    huge = Stream(
        name="x",
        scope="cpu",
        unit="uJ",
        joules_per_unit=1.0,
        wraps_at=None,
        t_us=(0,) * 2000,
        value=(2**53,) * 2000,
    )
    with pytest.raises(TraceInconsistent, match=r"above 2\*\*53"):
        counter(huge)


OLD = (
    b'{"version":1,"streams":[{"name":"cpu-0","scope":"cpu","unit":"uJ","joules_per_unit":0.000001,'
    b'"wraps_at":null,"t_us":[0,90,10,100,10],"value":[1000,500,500,7000,999]}],'
    b'"spans":[{"kind":"window","start_us":100,"end_us":200}],'
    b'"queries":[{"start_us":[100,50],"duration_us":[40,50]}]}'
).replace(b"0.000001", b"1e-6")
"""A trace as it was written before counters had a timing."""


def test_an_old_trace_is_still_read_by_counter_and_written_as_it_was() -> None:
    run = parse(OLD)
    assert encode(run) == OLD
    found = analyse(run, CPU)
    assert found.windows[0].gross_j == 7000 * 1e-6
    assert found.totals.energy_per_query_j == 3500 * 1e-6
    assert found.estimates == {"counter": 3500 * 1e-6}
    assert found.not_estimated == {
        "bracket": "counter-needs-no-settling",
        "derivative": "counter-needs-no-settling",
        "power": "no-power-reading",
        "average": "no-power-average",
    }
    assert found.flags == ()
    assert run.queries[0].starts_us(100) == (100, 150)


def test_an_estimate_has_no_budget_and_a_measurement_of_one_window_its_gain() -> None:
    assert analyse(IDLE_RUN, ESTIMATE).budget == ()
    assert {term.name: term.relative for term in analyse(IDLE_RUN, CPU).budget} == {
        "edge": 0.0,
        "idle": 0.0,
        "tail": 0.0,
        "phase": 0.0,
        "gain": 0.05,
    }


@st.composite
def counted(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Times and values of a rising counter, at least four ticks."""
    waits = draw(st.lists(st.integers(1, 10**6), min_size=4, max_size=40))
    rises = draw(st.lists(st.integers(0, 10**9), min_size=len(waits), max_size=len(waits)))
    return list(accumulate(waits)), list(accumulate(rises))


def energy(times: list[int], values: list[int], start: int, end: int, **stream_words: Any) -> float:
    return gross_j(trace(stream(times, values, **stream_words), spans=[("window", start, end)]))


@LAW
@given(counted(), st.data())
def test_adjacent_spans_add(ticks: tuple[list[int], list[int]], data: st.DataObject) -> None:
    times, values = ticks
    first, middle, last = sorted(
        data.draw(st.lists(st.sampled_from(times), min_size=3, max_size=3, unique=True))
    )
    parts = energy(times, values, first, middle) + energy(times, values, middle, last)
    assert math.isclose(parts, energy(times, values, first, last), rel_tol=1e-12, abs_tol=1e-12)


@LAW
@given(counted(), st.integers(0, 10**9))
def test_energy_does_not_depend_on_when_the_clock_was_started(
    ticks: tuple[list[int], list[int]], shift: int
) -> None:
    times, values = ticks
    moved = [time + shift for time in times]
    assert energy(moved, values, moved[0], moved[-1]) == energy(times, values, times[0], times[-1])


@LAW
@given(counted(), st.integers(0, 10**12))
def test_energy_does_not_depend_on_where_the_counter_stood(
    ticks: tuple[list[int], list[int]], start: int
) -> None:
    times, values = ticks
    assert energy(times, [value + start for value in values], times[0], times[-1]) == energy(
        times, values, times[0], times[-1]
    )


@LAW
@given(counted(), st.integers(10**9 + 1, 10**11))
def test_wraps_change_nothing(ticks: tuple[list[int], list[int]], modulus: int) -> None:
    times, values = ticks
    wrapped = [value % modulus for value in values]
    assert energy(times, wrapped, times[0], times[-1], wraps_at=modulus) == energy(
        times, values, times[0], times[-1]
    )


@LAW
@given(counted(), st.integers(1, 10**6))
def test_energy_scales_with_the_unit(ticks: tuple[list[int], list[int]], factor: int) -> None:
    times, values = ticks
    one = energy(times, values, times[0], times[-1], per_unit=1e-6)
    many = energy(times, values, times[0], times[-1], per_unit=1e-6 * factor)
    assert math.isclose(many, one * factor, rel_tol=1e-12)


@LAW
@given(counted(), st.data())
def test_a_wider_span_never_takes_less(ticks: tuple[list[int], list[int]], data: st.DataObject) -> None:
    times, values = ticks
    a, b = sorted(data.draw(st.lists(st.integers(times[0], times[-1]), min_size=2, max_size=2, unique=True)))
    assert energy(times, values, a, b) <= energy(times, values, times[0], times[-1])
