"""What newer cards do with power and clocks is read from the driver, or null with a reason; never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from joulemark.record import statement as record
from joulemark_simulation.nvml.asking import ask
from joulemark_simulation.nvml.cards import A100, B200, GH200, Card
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import Failure, Load, scripted

LACKING = "not-offered-by-gpu"
READ = """
from joulemark.meters.nvml.meter import NvmlMeter
from joulemark.meters.timer import RealTimer
meter = NvmlMeter(environ={})
def now():
    return round(clock.now_s() * 1e6)
found = meter.power_controls()
answer = [dict(found.values), dict(found.absent)]
"""
LOADED = Load(0.0, 100.0, 320.0)


def controls(card: Card, *failures: Failure) -> tuple[dict[str, object], dict[str, str]]:
    with running(scripted(card, LOADED, failures=failures)) as simulation:
        values, absent = ask(simulation, READ)
    assert set(values) == set(record.PowerControls.__struct_fields__)
    assert {name for name, value in values.items() if value is None} == set(absent)
    return values, absent


def test_a_card_that_has_everything_says_it() -> None:
    card = replace(
        B200,
        profiles_requested=1 << 34 | 0b10100,
        profiles_enforced=0b10100,
        smoothing=1,
        smoothing_profile=3,
        edpp_percent=90,
        application_mhz=1500.0,
        module_extra_w=50.0,
        module_limit_w=800.0,
        module_default_limit_w=1000.0,
    )
    assert controls(card) == (
        {
            "workload_profiles": [2, 4],
            "workload_profiles_requested": [2, 4, 34],
            "smoothing": True,
            "smoothing_profile": 3,
            "edpp_percent": 90,
            "limit_least_w": 200.0,
            "limit_most_w": 1000.0,
            "module_limit_w": 800.0,
            "module_limit_default_w": 1000.0,
            "sm_clock_most_mhz": 1965,
            "memory_clock_most_mhz": 3996,
            "boost_clock_most_mhz": 1965,
            "application_clock_mhz": 1500,
            "application_clock_default_mhz": 1965,
            "clock_reasons": 0x7FF,
        },
        {},
    )


def test_a_card_by_default_has_no_profile_and_smoothing_off() -> None:
    values, absent = controls(B200)
    assert (values["workload_profiles"], values["smoothing"], values["edpp_percent"]) == ([], False, 100)
    assert absent == {
        "smoothing_profile": "power-smoothing-off",
        "module_limit_w": LACKING,
        "module_limit_default_w": LACKING,
    }


def test_an_older_card_says_what_it_does_not_offer() -> None:
    values, absent = controls(A100)
    assert {name for name, value in values.items() if value is not None} == {
        "limit_least_w",
        "limit_most_w",
        "clock_reasons",
    }
    assert set(absent.values()) == {LACKING}


def test_a_driver_that_numbers_these_fields_otherwise_is_not_asked_for_them() -> None:
    """Field 251 of the branch 575 is a counter of nanoseconds and no state of power smoothing."""
    _, absent = controls(replace(B200, driver="575.57.08"))
    names = ("smoothing", "smoothing_profile", "edpp_percent")
    assert {name: absent[name] for name in names} == dict.fromkeys(names, "driver-numbers-differ")


@pytest.mark.parametrize(
    ("function", "error", "names", "reason"),
    [
        (
            "nvmlDeviceWorkloadPowerProfileGetCurrentProfiles",
            "function not found",
            {"workload_profiles", "workload_profiles_requested"},
            "not-offered-by-driver",
        ),
        ("nvmlDeviceGetMaxCustomerBoostClock", "no permission", {"boost_clock_most_mhz"}, "nvml-permission"),
        ("nvmlDeviceGetSupportedClocksEventReasons", "timeout", {"clock_reasons"}, "nvml-timeout"),
    ],
)
def test_what_fails_is_null_and_the_rest_is_read(
    function: str, error: str, names: set[str], reason: str
) -> None:
    _, whole = controls(B200)
    _, absent = controls(B200, Failure(function=function, error=error))
    assert {name: absent[name] for name in set(absent) - set(whole)} == dict.fromkeys(names, reason)


def test_nonsense_of_the_driver_is_no_state() -> None:
    values, absent = controls(replace(B200, smoothing=7))
    assert (values["smoothing"], absent["smoothing"]) == (None, "nvml-nonsense")


def test_an_older_binding_has_no_name_for_profiles() -> None:
    code = f"""
del nvml.c_nvmlWorkloadPowerProfileCurrentProfiles_v1_t
del nvml.nvmlDeviceGetSupportedClocksEventReasons
{READ}"""
    with running(scripted(B200, LOADED)) as simulation:
        values, absent = ask(simulation, code)
    assert (absent["workload_profiles"], values["workload_profiles"]) == ("nvml-binding-old", None)
    assert values["edpp_percent"] == 100


def test_memory_and_module_have_powers_of_their_own() -> None:
    code = f"""{READ}
clock.advance_to(2.0)
infos = {{info.name: [info.unit, tick.value] for info, tick in zip(meter.conditions, meter.look(now))}}
answer = [infos["gpu-memory-power"], infos["gpu-module-power"], meter.read(now).ticks[0].value > 0, meter.absent]
"""
    with running(scripted(GH200, LOADED)) as simulation:
        assert ask(simulation, code) == [["mW", 64_000], ["mW", 410_000], True, {}]


def test_a_power_of_another_scope_that_reads_0_is_no_reading() -> None:
    code = f"""{READ}
clock.advance_to(1.0)
answer = {{info.name: tick and tick.value for info, tick in zip(meter.conditions, meter.look(now))}}["gpu-memory-power"]
"""
    with running(scripted(replace(B200, memory_share=1e-9), LOADED)) as simulation:
        assert ask(simulation, code) is None


def test_a_reading_keeps_the_drivers_stamp_and_how_long_it_took() -> None:
    code = """
from joulemark.meters.nvml.meter import NvmlMeter
meter = NvmlMeter(environ={})
def now():
    return round(clock.now_s() * 1e6)
clock.advance_to(1.0)
first = meter.read(now)
clock.advance_to(3.0)
last = meter.read(now)
answer = [last.stamp.stamp_us - first.stamp.stamp_us, first.stamp.latency_us, last.stamp.latency_us]
"""
    scenario = scripted(B200, LOADED, call_costs_s={"nvmlDeviceGetFieldValues": 0.004})
    with running(scenario) as simulation:
        passed_us, *latencies_us = ask(simulation, code)
    assert passed_us == pytest.approx(2_000_000, abs=10_000)
    assert latencies_us == [4000, 4000]
