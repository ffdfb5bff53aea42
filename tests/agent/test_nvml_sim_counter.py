"""The simulated energy counter: full, part-time, late, blurred, noisy; one for all processes; against the truth."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulemark_simulation.nvml.asking import ask
from joulemark_simulation.nvml.cards import A100, CARDS, GA102, H100, V100, Card
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import Idle, Load, Scenario, Sensor, scripted, square
from joulemark_simulation.nvml.truth import Truth

WARM = Idle(watts=62.5, extra_w=6.5, decay_s=8.0, warm_s=3.0)
LOADS = (Load(0.25, 0.55, 310.0), Load(1.3, 3.9, 287.5), Load(4.0, 4.02, 390.0), Load(9.1, 10.7, 305.25))
DIFFERENCES = """
gpu = card()
first = energy_mj(gpu)
answer = []
for at_s in {times}:
    clock.advance_to(at_s)
    answer.append((energy_mj(gpu) - first) / 1000)
"""


def joules(scenario: Scenario, times: list[float]) -> list[float]:
    """What the counter has added at each time."""
    with running(scenario) as simulation:
        return ask(simulation, DIFFERENCES.format(times=times))


@pytest.mark.parametrize("card", [A100, H100, V100, GA102], ids=list(CARDS))
def test_a_full_counter_is_the_integral_to_a_millijoule(card: Card) -> None:
    scenario = scripted(card.full(), *LOADS, idle=WARM)
    times = [round(0.1 * step, 1) for step in range(1, 150)]
    truth = Truth.of(scenario)
    for at_s, counted in zip(times, joules(scenario, times), strict=True):
        assert truth.energy_j(0.0, at_s) - counted == pytest.approx(0.0, abs=0.0011)


@pytest.mark.parametrize(("card", "period_s"), [(A100.full(), 0.1), (V100, 0.02)], ids=["A100", "V100"])
def test_between_two_steps_the_counter_stands_still(card: Card, period_s: float) -> None:
    times = [period_s - 1e-6, period_s, 2 * period_s - 1e-6, 2 * period_s]
    before, first, still, second = joules(scripted(card, Load(0.0, 5.0, 300.0)), times)
    assert (before, still) == (0.0, first)
    assert first == pytest.approx(300 * period_s)
    assert second == pytest.approx(2 * first)


def test_a_part_time_counter_sees_one_beating_load_wholly_or_not_at_all() -> None:
    """20 ms of load in every 100 ms: the 25 ms window before each step holds all of it, or none."""
    measured = {}
    for phase_s in (0.0, 0.076):
        loads = square(on_s=0.02, off_s=0.08, times=100, watts=300.0, start_s=phase_s)
        scenario = scripted(A100.part_time(), *loads, idle=Idle(watts=50.0))
        (measured[phase_s],) = joules(scenario, [10.0])
    assert measured[0.0] == pytest.approx(10 * 50.0, abs=0.01)
    assert measured[0.076] == pytest.approx(10 * (50.0 + 250.0 * 20 / 25), abs=0.01)
    full = scripted(A100.full(), *loads, idle=Idle(watts=50.0))
    assert joules(full, [10.0])[0] == pytest.approx(10 * (50.0 + 250.0 * 0.2), abs=0.01)


def test_a_part_time_counter_is_right_about_a_steady_load() -> None:
    (counted,) = joules(scripted(H100, Load(0.0, 10.0, 500.0)), [8.0])
    assert counted == pytest.approx(4000.0, abs=0.01)


def test_a_late_counter_tells_what_was_130_ms_ago() -> None:
    scenario = scripted(A100.lagging(), Load(1.0, 2.0, 360.0), idle=Idle(watts=60.0))
    truth = Truth.of(scenario)
    times = [1.0, 1.1, 1.2, 1.5, 2.0, 2.1, 2.2, 3.0]
    for at_s, counted in zip(times, joules(scenario, times), strict=True):
        assert counted == pytest.approx(truth.energy_j(-0.13, at_s - 0.13), abs=0.002)


def test_a_blurred_counter_sums_the_mean_of_the_last_second() -> None:
    scenario = scripted(A100.blurred(), Load(2.0, 2.3, 360.0), idle=Idle(watts=60.0))
    at_the_end, later = joules(scenario, [2.3, 4.0])
    seen_j = sum(0.1 * 300.0 * step * 0.1 for step in (1, 2, 3))
    assert at_the_end == pytest.approx(2.3 * 60.0 + seen_j, abs=0.002)
    assert later == pytest.approx(4.0 * 60.0 + 300.0 * 0.3, abs=0.002)


def test_gain_and_its_drift_scale_what_is_counted() -> None:
    plain = scripted(A100.full(), Load(0.0, 100.0, 200.0))
    high, drifting = Sensor(gain=1.025), Sensor(gain_drift_per_h=0.36)
    assert joules(replace(plain, sensor=high), [10.0])[0] == pytest.approx(2050.0, abs=0.002)
    alone = replace(high, counter_gain=1.1)
    assert joules(replace(plain, sensor=alone), [10.0])[0] == pytest.approx(2255.0, abs=0.002)
    early, late = joules(replace(plain, sensor=drifting), [10.0, 20.0])
    assert (late - early) - early == pytest.approx(2000 * 1e-4 * 10, rel=1e-3)


def test_noise_has_its_size_no_mean_and_a_seed() -> None:
    scenario = scripted(V100, Load(0.0, 100.0, 200.0), sensor=Sensor(noise_w=1.0, seed=7))
    times = [0.02 * step for step in range(1, 2001)]
    counted = joules(scenario, times)
    watts = [(after - before) / 0.02 for before, after in pairwise(counted)]
    assert stdev(watts) == pytest.approx(1.0, rel=0.06)
    assert fmean(watts) == pytest.approx(200.0, abs=0.08)
    assert joules(scenario, times) == counted
    assert joules(replace(scenario, sensor=Sensor(noise_w=1.0, seed=8)), times) != counted


def test_a_process_that_comes_late_reads_what_the_others_read() -> None:
    scenario = scripted(A100, *LOADS, idle=WARM, sensor=Sensor(noise_w=1.0))
    with running(scenario) as simulation:
        steadily = "gpu = card()\nfor _ in range(123): clock.advance(0.1); answer = energy_mj(gpu)"
        first = ask(simulation, steadily)
        assert ask(simulation, "answer = energy_mj(card())") == first


def test_the_counter_begins_again_where_the_scenario_says() -> None:
    scenario = scripted(A100.full(), Load(0.0, 9.0, 200.0), counter_reset_s=2.0)
    with running(scenario) as simulation:
        code = (
            "gpu = card()\nanswer = []\nfor _ in range(4): clock.advance(0.95); answer.append(energy_mj(gpu))"
        )
        first, second, third, fourth = ask(simulation, code)
    assert first < second > third
    assert (third, fourth - third) == (160_000, 200_000)


LAW = settings(deadline=None, derandomize=True, max_examples=15)
LENGTHS = st.lists(
    st.tuples(st.floats(0.001, 3.0), st.floats(0.001, 30.0), st.floats(1.0, 700.0)), min_size=1, max_size=12
)


@LAW
@given(LENGTHS, st.floats(0.0, 8.0), st.floats(1.0, 20.0), st.sampled_from([0.0, 2.0]))
def test_a_full_counter_is_the_integral_of_any_trace(
    lengths: list[tuple[float, float, float]], extra_w: float, decay_s: float, warm_s: float
) -> None:
    loads, at_s = [], 0.0
    for load_s, pause_s, watts in lengths:
        loads.append(Load(at_s, at_s + load_s, watts))
        at_s += load_s + pause_s
    idle = Idle(extra_w=extra_w, decay_s=decay_s, warm_s=warm_s)
    scenario = scripted(V100.full(), *loads, idle=idle)
    ends = [round(step * at_s / 5, 1) + 0.1 for step in range(6)]
    truth = Truth.of(scenario)
    for end_s, counted in zip(ends, joules(scenario, ends), strict=True):
        stepped_s = round(end_s / 0.02) * 0.02
        assert truth.energy_j(0.0, stepped_s) - counted == pytest.approx(0.0, abs=0.0015)
