"""The simulation itself: its clock, what calls cost, power that follows real work, many readers, the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from joulemark_simulation.nvml import build
from joulemark_simulation.nvml.asking import ask
from joulemark_simulation.nvml.cards import A100, V100
from joulemark_simulation.nvml.clock import Clock
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import ALL, ENERGY, Idle, Load, Scenario, Sensor, scripted

if TYPE_CHECKING:
    from pathlib import Path


def test_a_call_costs_its_time_and_the_clock_stands_still_between() -> None:
    code = """
gpu = card()
answer = [clock.now_s()]
energy_mj(gpu); answer.append(clock.now_s())
nvml.nvmlDeviceGetPowerUsage(gpu); answer.append(clock.now_s())
"""
    costs = {ENERGY: 0.004, ALL: 0.0005}
    with running(scripted(A100, call_costs_s=costs)) as simulation:
        begin, after_energy, after_power = ask(simulation, code)
        assert (after_energy - begin, after_power - after_energy) == (
            pytest.approx(0.004),
            pytest.approx(0.0005),
        )
        assert simulation.clock.now_s() == after_power


def test_a_call_reads_the_sensor_in_its_middle() -> None:
    code = "gpu = card()\nclock.advance_to(0.097)\nfirst = energy_mj(gpu)\nanswer = energy_mj(gpu) - first"
    with running(scripted(A100.full(), call_costs_s={ENERGY: 0.004})) as simulation:
        assert ask(simulation, code) == 6000


def test_a_real_clock_runs_by_itself() -> None:
    code = """
import time
gpu = card()
begin_s, first = clock.now_s(), energy_mj(gpu)
while clock.now_s() < begin_s + 0.3:
    pass
answer = [energy_mj(gpu) - first, clock.now_s() - begin_s]
"""
    with running(scripted(A100.full(), idle=Idle(watts=100.0)), real_clock=True) as simulation:
        counted_mj, passed_s = ask(simulation, code)
        with pytest.raises(ValueError, match="cannot be set"):
            simulation.advance(1.0)
    assert 20_000 <= counted_mj <= (passed_s + 0.2) * 100_000


def test_power_follows_the_work_that_a_test_marks() -> None:
    scenario = Scenario(card=A100.full(), by_activity=True, idle=Idle(watts=60.0, extra_w=5.0, decay_s=6.0))
    code = """
gpu = card()
first = energy_mj(gpu)
for load_s in (0.3, 1.5):
    with clock.load(280.0):
        clock.advance(load_s)
        busy = nvml.nvmlDeviceGetPowerUsage(gpu)
    clock.advance(0.5)
answer = [energy_mj(gpu) - first, busy]
"""
    with running(scenario) as simulation:
        counted_mj, busy_mw = ask(simulation, code)
        assert busy_mw == 280_000
        assert counted_mj == pytest.approx(simulation.truth().energy_j(0.0, 2.8) * 1000, abs=1.1)
        assert ask(simulation, "answer = energy_mj(card())") == A100.counter_base_mj + counted_mj


@pytest.mark.parametrize("warm_s", [0.0, 2.0])
def test_a_load_may_change_and_one_of_no_length_is_none(warm_s: float) -> None:
    idle = Idle(watts=60.0, extra_w=5.0, warm_s=warm_s)
    scenario = Scenario(card=A100.full(), by_activity=True, idle=idle)
    code = """
gpu = card()
first = energy_mj(gpu)
with clock.load(300.0):
    pass
clock.advance(1.0)
cold = energy_mj(gpu) - first
clock.load_on(200.0); clock.advance(0.7); clock.load_on(350.0); clock.advance(1.3); clock.load_off()
clock.advance(2.0)
answer = [cold, energy_mj(gpu) - first]
"""
    with running(scenario) as simulation:
        cold_mj, counted_mj = ask(simulation, code)
        assert cold_mj == 60_000
        assert counted_mj == pytest.approx(simulation.truth().energy_j(0.0, 5.0) * 1000, abs=1.1)


def test_a_mark_that_comes_late_still_counts_from_its_own_time() -> None:
    scenario = Scenario(card=A100.full(), by_activity=True, idle=Idle(watts=60.0))
    code = """
gpu = card()
clock.advance(1.0)
before = energy_mj(gpu)
clock.load_on(300.0, at_s=0.55)
clock.load_off(at_s=0.95)
answer = energy_mj(gpu)
"""
    with running(scenario) as simulation:
        counted_mj = ask(simulation, code)
        assert counted_mj == A100.counter_base_mj + 60_000 + 96_000
        assert ask(simulation, "answer = energy_mj(card())") == counted_mj


def test_marks_that_are_read_one_by_one_sum_as_if_read_at_the_end() -> None:
    sensor = Sensor(noise_w=1.0, seed=3)
    scenario = Scenario(card=V100, by_activity=True, gpus=3, active=2, sensor=sensor)
    code = """
gpu, other = card(2), card(1)
for number in range(50):
    with clock.load(200.0 + number):
        clock.advance(0.013 + number / 1000)
        energy_mj(gpu)
    clock.advance(0.031)
    energy_mj(other)
answer = [energy_mj(gpu), energy_mj(other)]
"""
    with running(scenario) as simulation:
        one_by_one = ask(simulation, code)
        assert ask(simulation, "answer = [energy_mj(card(2)), energy_mj(card(1))]") == one_by_one


def test_threads_read_at_the_same_time() -> None:
    code = """
from threading import Thread
gpu = card()
def read():
    for _ in range(1000):
        nvml.nvmlDeviceGetPowerUsage(gpu); energy_mj(gpu)
threads = [Thread(target=read) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
answer = [clock.now_s(), energy_mj(gpu)]
"""
    with running(scripted(A100.full(), idle=Idle(watts=50.0), call_costs_s={ALL: 0.001})) as simulation:
        passed_s, counted_mj = ask(simulation, code)
        begin_s = passed_s - 8.0
        assert 0.0 <= begin_s < 0.01
        assert counted_mj == A100.counter_base_mj + 400_000


def test_one_process_goes_through_many_scenarios() -> None:
    code = """
from joulemark_simulation.nvml.cards import CARDS
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import scripted
answer = []
for model in CARDS.values():
    with running(scripted(model)) as simulation, simulation.here():
        gpu = card()
        answer.append(nvml.nvmlDeviceGetPowerUsage(gpu))
        simulation.advance(1.0)
        answer.append(energy_mj(gpu))
        nvml.nvmlShutdown()
"""
    with running(scripted(A100)) as simulation:
        assert ask(simulation, code) == [60_000, A100.counter_base_mj + 60_000] * 4


def test_a_real_clock_stamps_with_the_calendar() -> None:
    code = """
import time
gpu = card()
stamp = nvml.nvmlDeviceGetFieldValues(gpu, [nvml.NVML_FI_DEV_POWER_INSTANT])[0].timestamp
answer = abs(time.time() - stamp / 1e6)
"""
    with running(scripted(A100), real_clock=True) as simulation:
        assert ask(simulation, code) < 1.0


def test_loads_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="begins before"):
        scripted(A100, Load(0.0, 1.0, 100.0), Load(0.5, 2.0, 100.0))


def test_time_does_not_go_back(tmp_path: Path) -> None:
    clock = Clock.create(tmp_path / "clock")
    clock.advance(2.0)
    with pytest.raises(ValueError, match="not go back"):
        clock.advance_to(1.0)
    assert clock.now_s() == 2.0
    clock.close()


def test_a_machine_without_a_compiler_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.NoLibrary, match="Install gcc or clang"):
        build.library_folder(builds=tmp_path)


def test_the_library_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build.library_folder(builds=tmp_path)
    monkeypatch.setenv("CC", "/nonexistent")
    assert build.library_folder(builds=tmp_path) == first
    assert [path.name for path in first.iterdir()] == ["libnvidia-ml.so.1"]
