"""The simulated power sensor: readings of an instant and of a second, fields, samples, idle that decays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from joulemark_simulation.nvml.asking import ask
from joulemark_simulation.nvml.cards import A100, GA102, H100, V100, Card
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import Idle, Load, Sensor, scripted
from joulemark_simulation.nvml.truth import Truth

if TYPE_CHECKING:
    pass

UNSUPPORTED = "NVMLError_NotSupported"
FIELDS = """
gpu = card()
clock.advance_to({at_s})
def told(field):
    value = field.value.ullVal if field.fieldId == nvml.NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION else field.value.uiVal
    return value if field.nvmlReturn == 0 else type(nvml.NVMLError(field.nvmlReturn)).__name__
answer = [nvml.nvmlDeviceGetPowerUsage(gpu), *map(told, nvml.nvmlDeviceGetFieldValues(gpu,
    [nvml.NVML_FI_DEV_POWER_INSTANT, nvml.NVML_FI_DEV_POWER_AVERAGE])),]
"""


@pytest.mark.parametrize(
    ("card", "watts"),
    [
        (A100, [300_000, 300_000, UNSUPPORTED]),
        (H100, [120_000, 300_000, 120_000]),
        (V100, [300_000, 300_000, UNSUPPORTED]),
        (GA102, [120_000, 300_000, 120_000]),
    ],
    ids=["A100", "H100", "V100", "GA102"],
)
def test_power_is_of_an_instant_or_of_a_second_by_the_card(card: Card, watts: list[object]) -> None:
    """0.25 s after a load of 300 W began over 60 W: the last update saw 0.2 s of it; V100's saw 0.24 s."""
    scenario = scripted(card, Load(2.0, 9.0, 300.0), idle=Idle(watts=60.0))
    with running(scenario) as simulation:
        assert ask(simulation, FIELDS.format(at_s=2.25)) == [
            pytest.approx(one * 0.9, rel=0.001) if one == 120_000 else one for one in watts
        ]


def test_all_fields_come_in_one_call_with_one_stamp() -> None:
    code = """
gpu = card()
clock.advance_to(1.0)
ids = [nvml.NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION, nvml.NVML_FI_DEV_POWER_INSTANT, nvml.NVML_FI_DEV_POWER_AVERAGE, 1]
values = nvml.nvmlDeviceGetFieldValues(gpu, ids)
answer = [[one.fieldId, one.timestamp, one.valueType, one.nvmlReturn] for one in values]
answer.append(values[0].value.ullVal == energy_mj(gpu))
"""
    with running(scripted(H100, Load(0.0, 9.0, 300.0))) as simulation:
        stamp = 1_000_000
        energy, instant, average, other, same = ask(simulation, code)
    assert (energy, instant, average) == ([83, stamp, 3, 0], [186, stamp, 1, 0], [185, stamp, 1, 0])
    assert (other[3], same) == (3, True)


def test_the_ring_holds_the_last_120_updates() -> None:
    code = """
gpu = card()
clock.advance_to(0.35)
def samples(after_us):
    kind, found = nvml.nvmlDeviceGetSamples(gpu, nvml.NVML_TOTAL_POWER_SAMPLES, after_us)
    return [[one.timeStamp, one.sampleValue.uiVal] for one in found]
answer = [samples(0), samples(200_000), error_of(samples, 300_000)]
clock.advance_to(50.0)
answer.append(len(samples(0)))
"""
    with running(scripted(A100, Load(0.15, 9.0, 300.0), idle=Idle(watts=60.0))) as simulation:
        every, late, none, many = ask(simulation, code)
    assert every == [[100_000, 60_000], [200_000, 300_000], [300_000, 300_000]]
    assert (late, none, many) == (every[2:], "NVMLError_NotFound", 120)


def test_a_mean_of_a_second_is_less_noisy_than_an_instant() -> None:
    code = """
from statistics import pstdev
gpu = card()
ids = [nvml.NVML_FI_DEV_POWER_INSTANT, nvml.NVML_FI_DEV_POWER_AVERAGE]
seen = []
for _ in range(4000):
    clock.advance(0.1)
    seen.append([one.value.uiVal / 1000 for one in nvml.nvmlDeviceGetFieldValues(gpu, ids)])
answer = [pstdev(column) for column in zip(*seen)]
"""
    with running(scripted(H100, sensor=Sensor(noise_w=2.0))) as simulation:
        instant, average = ask(simulation, code)
    assert instant == pytest.approx(2.0, rel=0.05)
    assert average == pytest.approx(2.0 * 0.1**0.5, rel=0.05)


def test_idle_decays_after_a_load() -> None:
    code = """
gpu = card()
answer = []
for at_s in (1.0, 5.0, 15.0, 75.0):
    clock.advance_to(at_s)
    answer.append(nvml.nvmlDeviceGetPowerUsage(gpu) / 1000)
"""
    scenario = scripted(GA102.full(), Load(2.0, 4.0, 300.0), idle=Idle(watts=60.0, extra_w=8.0, decay_s=10.0))
    truth = Truth.of(scenario)
    with running(scenario) as simulation:
        cold, warm, cooler, cold_again = ask(simulation, code)
    assert (cold, cold_again) == (60.0, pytest.approx(60.0, abs=0.01))
    assert cooler == pytest.approx(truth.energy_j(14.0, 15.0), abs=0.001)
    assert truth.power_w(15.0) == pytest.approx(60 + 8 * 2.718281828 ** (-1.1))
    assert warm > cooler > cold


def test_a_card_without_a_counter_has_none_in_either_form() -> None:
    code = """
gpu = card()
field = nvml.nvmlDeviceGetFieldValues(gpu, [nvml.NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION])[0]
answer = [error_of(energy_mj, gpu), field.nvmlReturn]
"""
    with running(scripted(replace(GA102, counter_supported=False))) as simulation:
        assert ask(simulation, code) == [UNSUPPORTED, 3]
