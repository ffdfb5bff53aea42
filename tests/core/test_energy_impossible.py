"""Whatever a counter does: its energies are numbers that a record holds, or the analysis says why there are none."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.energy.analysis import analyse
from joulemark.energy.errors import EnergyError, NotMeasurable
from joulemark.record.codec import decode, encode
from joulemark.record.field_types import Slug
from joulemark.record.statement import Amount, Idle, Sensor, Term, Totals, Window
from joulemark.record.trace import Queries, Span, Stream, Timing, Trace, to_deltas
from tests.core.analytic import Part
from tests.laws import law

GPU = Sensor(meter="nvml-counter", grade="measured", scope="gpu", stated_watts=None, stated_watts_source=None)
RAPL = Sensor(meter="rapl", grade="measured", scope="cpu", stated_watts=None, stated_watts_source=None)
RUN: tuple[Part, ...] = (
    ("warm-up", 0.5, 2.0),
    ("rest", 2.0, 4.0),
    ("idle-before", 4.0, 7.0),
    ("window", 7.5, 9.5),
    ("rest", 9.5, 12.0),
    ("window", 12.0, 14.0),
    ("rest", 14.0, 16.5),
    ("idle-after", 16.5, 19.5),
)
END_S = 20.0
DRAWN = [(0.5, 2.0, 240.0), (7.5, 9.5, 240.0), (12.0, 14.0, 240.0)]

timings = st.builds(
    Timing,
    period_us=st.integers(1_000, 1_000_000),
    settle_us=st.integers(0, 2_000_000),
    delay_us=st.integers(-500_000, 1_500_000),
    coverage=st.sampled_from(("full", "part-time", "unknown")),
)


def energy_j(at_s: float) -> float:
    return 60.0 * at_s + sum(
        (watts - 60.0) * (min(at_s, end) - start) for start, end, watts in DRAWN if start < at_s
    )


def run(values: list[tuple[int, int]], timing: Timing | None, *, query_us: int = 100_000) -> Trace:
    """The run above with these ticks (us, units); its windows are full of queries."""
    spans = tuple(Span(kind=kind, start_us=round(a * 1e6), end_us=round(b * 1e6)) for kind, a, b in RUN)
    count = 1_900_000 // query_us
    queries = Queries(duration_us=(query_us,) * count, gap_us=(1,) * count)
    times, units = zip(*values, strict=True)
    stream = Stream(
        name="board",
        scope="gpu" if timing else "cpu",
        unit="mJ" if timing else "uJ",
        joules_per_unit=1e-3 if timing else 1e-6,
        wraps_at=None if timing else 2**45,
        t_us=to_deltas(times),
        value=to_deltas(units),
        timing=timing,
    )
    return Trace(version=1, streams=(stream,), spans=spans, queries=(queries, queries))


def taken_by_the_decoder(found: Any) -> None:
    """Every number that goes into a statement, through the classes that read it."""
    for one in found.windows:
        window = Window(
            start_s=one.start_s,
            end_s=one.end_s,
            queries=one.queries,
            output_tokens=None,
            energy_gross_j=one.gross_j,
            energy_net_j=one.net_j,
        )
        assert decode(encode(window), Window, what="window") == window
        assert one.gross_j >= 0
    assert decode(encode(found.totals), Totals, what="totals") == found.totals
    if found.idle is not None:
        assert decode(encode(found.idle), Idle, what="idle") == found.idle
    for term in found.budget:
        assert decode(encode(term), Term, what="term") == term
    amounts = msgspec.json.decode(msgspec.json.encode(found.estimates), type=dict[Slug, Amount])
    assert amounts == found.estimates
    assert all(math.isfinite(amount) for amount in amounts.values())


@pytest.mark.laws
@law()
@given(
    timing=timings,
    late_s=st.floats(0.0, 4.0),
    every_us=st.integers(5_000, 300_000),
    steps_s=st.floats(0.005, 2.0),
    scale=st.sampled_from((1e-6, 0.01, 1.0, 1.0, 1.0, 1e9)),
)
def test_a_counter_that_tells_late_gives_numbers_or_a_reason(
    timing: Timing, late_s: float, every_us: int, steps_s: float, scale: float
) -> None:
    ticks = []
    for at_us in range(0, round(END_S * 1e6), every_us):
        step_s = at_us / 1e6 // steps_s * steps_s
        ticks.append((at_us, round(scale * 1e3 * energy_j(max(step_s - late_s, 0.0)))))
    _judged(run(ticks, timing), GPU)


@pytest.mark.laws
@law()
@given(
    timing=st.none() | timings,
    rises=st.lists(
        st.one_of(st.just(0), st.integers(0, 50), st.integers(0, 10**6), st.integers(0, 2**45)),
        min_size=20,
        max_size=200,
    ),
    query_us=st.integers(20_000, 1_900_000),
)
def test_a_counter_that_goes_on_as_it_likes_gives_numbers_or_a_reason(
    timing: Timing | None, rises: list[int], query_us: int
) -> None:
    ticks, value = [], 0
    for number, rise in enumerate(rises):
        value = (value + rise) % 2**45 if timing is None else value + rise
        ticks.append((round(number * END_S * 1e6 / (len(rises) - 1)), value))
    _judged(run(ticks, timing, query_us=query_us), RAPL if timing is None else GPU)


def _judged(trace: Trace, sensor: Sensor) -> None:
    try:
        found = analyse(trace, sensor)
    except EnergyError:
        return  # it says why
    taken_by_the_decoder(found)


def test_a_counter_seconds_late_is_refused_with_a_reason_and_signs_no_negative_energy() -> None:
    timing = Timing(period_us=100_000, settle_us=1_500_000, delay_us=50_000, coverage="full")
    ticks = [
        (at_us, round(1e3 * energy_j(max(at_us // 100_000 / 10 - 3.0, 0.0))))
        for at_us in range(0, 20_000_000, 5_000)
    ]
    with pytest.raises(NotMeasurable, match="window 1 has -"):
        analyse(run(ticks, timing), GPU)
