"""A session finds the ticks that its energies need, whatever its counter and its suite's protocol, or never begins."""

from __future__ import annotations

from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from joulemark.energy.analysis import analyse
from joulemark.energy.bracket import SHARP
from joulemark.energy.budget import expanded
from joulemark.energy.errors import NotMeasurable
from joulemark.errors import MeasurementImpossible
from joulemark.meters.meter import sensor_of
from joulemark.record.trace import Population
from joulemark.session import measure as measuring
from joulemark.session import query_turns
from joulemark.session.measure import Measurement
from joulemark.session.progress import Silent
from joulemark.session.rests import MOST_WINDOWS, RestPlan
from joulemark.suite import Protocol, load_suite, suite_names
from tests.agent.stepped_counter import Counter, Machine, Work, queries
from tests.laws import law

DEMO = load_suite("demo").protocol
SUITES = suite_names()

counters = st.builds(
    Counter,
    period_s=st.floats(0.010, 1.0),
    phase_s=st.floats(0.0, 1.0),
    lag_s=st.floats(0.0, 2.0),
    uneven=st.sampled_from((0.0, 0.0, 0.5, 0.9)),
    read_s=st.sampled_from((0.0, 0.001, 0.006)),
    oversleep_s=st.sampled_from((0.0, 0.001, 0.004)),
)
protocols = st.builds(
    Protocol,
    queries=st.integers(1, 5),
    windows_min=st.integers(1, 3),
    windows_max=st.integers(3, 4),
    warmup_queries=st.integers(0, 2),
    idle_s=st.one_of(st.just(0.0), st.floats(0.0, 4.0)),
    half_width_target=st.sampled_from((0.001, 0.05, 0.9)),
    budget_s=st.sampled_from((0.0, 24.0, 600.0)),
    fill_windows=st.booleans(),
    mode=st.sampled_from(("throughput", "throughput", "latency")),
)


def played(
    counter: Counter, protocol: Protocol, *, query_s: float = 0.5, seed: int = 1
) -> tuple[Measurement, Machine]:
    """A whole session; windows need 2 periods of the counter here, and rest as they always do."""
    machine = Machine(counter, Random(seed))  # noqa: S311 - chances, no secrets
    with patch.object(query_turns, "COUNTER_PERIODS", 2):
        measured = measuring.measure(
            Work(machine, query_s),
            queries(protocol.queries),
            machine,
            protocol,
            Silent(),
            timings=(counter.timing(),),
            timer=machine,
            population=Population(queries=protocol.queries, inputs_sha256="0" * 64)
            if protocol.runs_parts
            else None,
        )
    return measured, machine


def test_the_demo_suite_on_a_card_that_moves_ten_times_a_second() -> None:
    measured, machine = played(Counter(read_s=0.006, oversleep_s=0.001), DEMO)
    found = analyse(measured.trace, sensor_of(machine))
    assert found.idle is not None
    assert found.idle.before_w == pytest.approx(60.0, rel=0.02)
    assert found.totals.energy_per_query_j == pytest.approx(250.0 * 0.5, rel=0.01)


@pytest.mark.laws
@law(share=0.5)
@given(counter=counters, protocol=protocols, query_s=st.floats(0.02, 0.6), seed=st.integers(0, 2**16))
def test_every_session_has_its_ticks(counter: Counter, protocol: Protocol, query_s: float, seed: int) -> None:
    """And what they tell is what the card drew, as far as the budget and one step of the counter allow."""
    measured, machine = played(counter, protocol, query_s=query_s, seed=seed)
    try:
        found = analyse(measured.trace, sensor_of(machine))
    except NotMeasurable:
        shortest_s = min(sum(queries.duration_us) for queries in measured.trace.queries) / 1e6
        coarse = counter.read_s + counter.oversleep_s > SHARP * counter.period_s
        assert (
            shortest_s < 4 * counter.period_s or coarse
        )  # too little for this sensor; ticks were not the reason
        return
    assert found.idle is not None
    spans = measured.trace.windows()
    true_j = sum(machine.energy_j(s.end_us / 1e6) - machine.energy_j(s.start_us / 1e6) for s in spans)
    step_j = 190.0 * (counter.uneven * counter.period_s + 2 * counter.read_s + counter.oversleep_s)
    stated_j = 1.5 * expanded(found.budget) * found.totals.energy_gross_j
    assert found.totals.energy_gross_j == pytest.approx(true_j, abs=stated_j + len(spans) * (step_j + 1.2))


@pytest.mark.parametrize("name", SUITES)
@pytest.mark.parametrize("period_s", [0.02, 0.1, 0.25, 1.0])
def test_each_suite_of_the_software_shows_a_counter_often_enough(name: str, period_s: float) -> None:
    protocol = replace(
        load_suite(name).protocol, windows_min=2, windows_max=2, warmup_s=0.0, queries=3, window_s=0.0
    )
    measured, machine = played(Counter(period_s=period_s, read_s=0.006, oversleep_s=0.001), protocol)
    found = analyse(measured.trace, sensor_of(machine))
    assert found.idle is not None
    assert found.idle.before_s >= max(protocol.idle_s, 5 * period_s)


def test_rests_and_thinning_of_a_long_idle_are_as_they_were() -> None:
    plan = RestPlan.of(load_suite("quick").protocol, Counter().timing(), counter_period_s=0.1)
    assert (plan.idle_s, plan.thin_s, plan.still_s) == (30.0, 0.5, 2.0)
    assert plan.rest_s == pytest.approx(0.15 + 1.0)


def test_queries_one_by_one_need_a_counter_that_tells_pauses_from_work() -> None:
    counter = Counter()
    machine = Machine(counter, Random(1))  # noqa: S311
    with pytest.raises(MeasurementImpossible, match="mode `latency`"):
        measuring.measure(
            Work(machine, 0.1),
            queries(1),
            machine,
            replace(DEMO, mode="latency"),
            Silent(),
            timings=(None,),
            timer=machine,
        )
    assert machine.now() == 2_000_000, "nothing ran"


def test_more_windows_than_a_result_holds_are_refused_before_anything_runs() -> None:
    with pytest.raises(MeasurementImpossible, match="windows"):
        played(Counter(), replace(DEMO, windows_max=MOST_WINDOWS + 1))
