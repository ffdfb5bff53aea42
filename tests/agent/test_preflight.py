"""The preflight on a simulated card, in a process of its own: what is well, what warns, is noisy or is not told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from joulemark.errors import NoisyMachine
from joulemark.meters.check import Check, require_quiet
from joulemark_simulation.nvml.asking import ask
from joulemark_simulation.nvml.cards import A100, GA102, H100, V100, Card
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import ALL, ENERGY, Failure, Load, Process, Sensor, Throttle, scripted

if TYPE_CHECKING:
    from joulemark_simulation.nvml.scenario import Scenario

CODE = """
import dataclasses
from joulemark.errors import AgentError, MeterUnavailable
from joulemark.meters.nvml.processes import HOST_PID_NAMESPACE, OurProcesses
from joulemark.meters.nvml.card import open_card
from joulemark.meters.nvml.preflight import preflight

class Timer:
    now = staticmethod(lambda: round(clock.now_s() * 1e6))
    wait = staticmethod(clock.advance)

def no_rapl():
    raise MeterUnavailable("rapl-permission", "RAPL may not be read.", mend="sudo chmod")

clock.advance_to({at_s})
ours = OurProcesses(pid=1000, namespace=HOST_PID_NAMESPACE - {container}, parent={{}}.get, exists=bool)
with open_card(environ={{}}) as card:
    try:
        checks = preflight(card, Timer(), open_rapl=no_rapl, ours=ours, on_gpu={on_gpu})
        answer = {{check.name: dataclasses.asdict(check) for check in checks}}
    except AgentError as error:
        answer = [type(error).__name__, str(error)]
"""
NOISE = Sensor(noise_w=2.0)
NAMES = [
    *("driver", "persistence-mode", "mig", "foreign-processes", "utilisation-percent", "power-limit-w"),
    *("ecc", "temperature-c", "throttle-mask", "energy-counter", "reading-cost-ms", "counter-period-ms"),
    *("power-instant-period-ms", "power-average-period-ms", "power-samples", "rapl"),
]


def looked(scenario: Scenario, *, at_s: float = 2.0, container: bool = False, on_gpu: bool = False) -> Any:
    """The checks by name, as the preflight of `scenario` gives them."""
    with running(scenario) as simulation:
        return ask(simulation, CODE.format(at_s=at_s, container=int(container), on_gpu=on_gpu))


def states(checks: dict[str, dict[str, Any]], state: str) -> set[str]:
    return {name for name, check in checks.items() if check["state"] == state}


def test_a_quiet_h100_is_well_but_for_what_the_machine_lacks() -> None:
    checks = looked(scripted(H100, sensor=NOISE, call_costs_s={"nvmlDeviceGetFieldValues": 0.0015}))
    assert list(checks) == NAMES
    assert states(checks, "not available") == {"rapl"}
    assert states(checks, "ok") == set(NAMES) - {"rapl"}
    assert (checks["rapl"]["reason"], checks["rapl"]["mend"]) == ("rapl-permission", "sudo chmod")
    values = {name: check["value"] for name, check in checks.items()}
    assert values == {
        "driver": H100.driver,
        "persistence-mode": True,
        "mig": False,
        "foreign-processes": 0,
        "utilisation-percent": 0,
        "power-limit-w": 700.0,
        "ecc": True,
        "temperature-c": 34,
        "throttle-mask": 1,
        "energy-counter": True,
        "reading-cost-ms": 1.5,
        "power-samples": True,
        "counter-period-ms": pytest.approx(100.0, abs=2.5),
        "power-instant-period-ms": pytest.approx(100.0, abs=2.5),
        "power-average-period-ms": pytest.approx(100.0, abs=2.5),
        "rapl": None,
    }
    assert all(check["sentence"].endswith((".", ").")) for check in checks.values())


@pytest.mark.parametrize(
    ("card", "counter_ms", "absent"),
    [
        (A100, 100.0, {"power-average-period-ms"}),
        (V100, 20.0, {"power-average-period-ms", "mig"}),
        (GA102, 100.0, {"mig", "ecc"}),
    ],
)
def test_what_a_card_has_is_found_and_not_assumed(card: Card, counter_ms: float, absent: set[str]) -> None:
    checks = looked(scripted(card, sensor=NOISE))
    assert checks["counter-period-ms"]["value"] == pytest.approx(counter_ms, abs=1.0)
    assert states(checks, "not available") == absent | {"rapl"}
    assert {checks[name]["reason"] for name in absent} == {"not-offered-by-gpu"}


def test_an_instant_that_does_not_move_has_no_period() -> None:
    """Without noise a card at rest draws the same all the time."""
    checks = looked(scripted(A100))
    assert (checks["power-instant-period-ms"]["value"], checks["power-instant-period-ms"]["reason"]) == (
        None,
        "no-change-seen",
    )


@pytest.mark.parametrize(
    ("scenario", "name", "state", "value"),
    [
        (scripted(replace(A100, persistence=0)), "persistence-mode", "warning", False),
        (scripted(replace(A100, mig=1)), "mig", "noisy", True),
        (scripted(A100, processes=(Process(pid=1000),)), "foreign-processes", "ok", 0),
        (scripted(A100, processes=(Process(pid=7), Process(pid=8))), "foreign-processes", "noisy", 2),
        (scripted(A100, Load(1.9, 2.0, 300.0)), "utilisation-percent", "noisy", 10),
        (scripted(A100, Load(1.0, 1.05, 300.0)), "utilisation-percent", "ok", 5),
        (scripted(replace(A100, limit_w=250.0)), "power-limit-w", "warning", 250.0),
        (scripted(replace(GA102, limit_w=400.0)), "power-limit-w", "ok", 400.0),
        (scripted(replace(A100, ecc=0)), "ecc", "ok", False),
        (scripted(A100, throttles=(Throttle(reason="hw slowdown"),)), "throttle-mask", "noisy", 0x9),
        (scripted(A100, throttles=(Throttle(reason="sw thermal"),)), "throttle-mask", "noisy", 0x21),
        (scripted(A100, throttles=(Throttle(reason="hw thermal"),)), "throttle-mask", "noisy", 0x41),
        (scripted(A100, throttles=(Throttle(reason="power brake"),)), "throttle-mask", "noisy", 0x81),
        (scripted(A100, throttles=(Throttle(reason="sw power cap"),)), "throttle-mask", "warning", 0x5),
        (
            scripted(A100, call_costs_s={"nvmlDeviceGetFieldValues": 0.006}),
            "reading-cost-ms",
            "warning",
            6.0,
        ),
    ],
)
def test_each_state_is_judged(scenario: Scenario, name: str, state: str, value: object) -> None:
    check = looked(scenario)[name]
    assert (check["state"], check["value"]) == (state, value)


def test_in_a_container_one_process_is_ours_once_we_are_on_the_gpu() -> None:
    scenario = scripted(A100, processes=(Process(pid=7),))
    assert looked(scenario, container=True)["foreign-processes"]["value"] == 1
    assert looked(scenario, container=True, on_gpu=True)["foreign-processes"]["value"] == 0


def test_without_a_counter_nothing_of_it_is_told() -> None:
    checks = looked(scripted(replace(GA102, counter_supported=False)))
    lost = [name for name, check in checks.items() if check["reason"] == "no-energy-counter"]
    assert lost == [
        *("energy-counter", "reading-cost-ms", "counter-period-ms"),
        *("power-instant-period-ms", "power-average-period-ms"),
    ]
    assert checks["power-samples"]["state"] == "ok"


def test_what_is_not_offered_has_its_reason() -> None:
    silent = (
        *("nvmlDeviceGetPersistenceMode", "nvmlDeviceGetUtilizationRates", "nvmlDeviceGetSamples"),
        *("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetEnforcedPowerLimit"),
        *("nvmlDeviceGetPowerManagementLimit", "nvmlSystemGetDriverVersion"),
        *("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"),
        *("nvmlDeviceGetTemperature", "nvmlDeviceGetTemperatureV"),
    )
    checks = looked(
        scripted(
            H100,
            sensor=NOISE,
            failures=tuple(Failure(function=name, error="not supported") for name in silent),
        )
    )
    missing = states(checks, "not available")
    assert missing == {
        *("driver", "persistence-mode", "utilisation-percent", "power-samples", "foreign-processes"),
        *("power-limit-w", "throttle-mask", "temperature-c", "rapl"),
    }
    assert {checks[name]["reason"] for name in missing - {"rapl"}} == {"not-offered-by-gpu"}
    assert {checks[name]["value"] for name in missing} == {None}


def test_readings_that_are_missing_now_and_then_do_not_end_the_preflight() -> None:
    failure = Failure(function=ENERGY, error="timeout", start_s=2.5, end_s=2.6)
    checks = looked(scripted(A100, sensor=NOISE, failures=(failure,)))
    assert checks["counter-period-ms"]["value"] == pytest.approx(100.0, abs=1.0)


def test_a_gpu_that_is_lost_ends_it() -> None:
    early = Failure(function="nvmlDeviceGetPersistenceMode", error="gpu lost")
    late = Failure(function=ALL, error="gpu lost", start_s=3.0)
    assert looked(scripted(A100, failures=(early,)))[0] == "MeterUnavailable"
    assert looked(scripted(A100, failures=(late,)))[0] == "MeterFailed"


def test_noise_is_refused_with_everything_that_is_noisy() -> None:
    quiet = Check(name="a", value=1, state="warning", sentence="A is odd.")
    noisy = [
        Check(name="b", value=1, state="noisy", sentence="B is loud.", mend="Hush it."),
        Check(name="c", value=1, state="noisy", sentence="C is loud."),
    ]
    require_quiet([quiet])
    with pytest.raises(NoisyMachine, match=r"^B is loud\. Hush it\. C is loud\. `--force` measures anyway"):
        require_quiet([quiet, *noisy])
