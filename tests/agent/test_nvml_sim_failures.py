"""How the simulated card fails: one function, the whole card, the driver; as the unmodified nvidia-ml-py tells it."""

from __future__ import annotations

import pytest

from joulemark_simulation.nvml.asking import ask
from joulemark_simulation.nvml.cards import A100, H100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import ALL, ENERGY, Failure, scripted


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        ("not supported", "NVMLError_NotSupported"),
        ("no permission", "NVMLError_NoPermission"),
        ("gpu lost", "NVMLError_GpuIsLost"),
        ("timeout", "NVMLError_Timeout"),
        ("unknown", "NVMLError_Unknown"),
    ],
)
def test_a_function_fails_from_its_time_on(error: str, raised: str) -> None:
    code = """
gpu = card()
energy_mj(gpu)
clock.advance(5)
field = nvml.nvmlDeviceGetFieldValues(gpu, [nvml.NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION])[0]
answer = [error_of(energy_mj, gpu), type(nvml.NVMLError(field.nvmlReturn)).__name__,
    nvml.nvmlDeviceGetPowerUsage(gpu)]
clock.advance(1)
answer.append(energy_mj(gpu) > 0)
"""
    failure = Failure(function=ENERGY, error=error, start_s=5.0, end_s=6.0)
    with running(scripted(A100, failures=(failure,))) as simulation:
        assert ask(simulation, code) == [raised, raised, 60_000, True]


def test_a_lost_card_answers_nothing() -> None:
    code = "gpu = card()\nclock.advance(1)\nanswer = [error_of(energy_mj, gpu), error_of(nvml.nvmlDeviceGetName, gpu)]"
    lost = Failure(function=ALL, error="gpu lost", start_s=1.0)
    with running(scripted(H100, failures=(lost,))) as simulation:
        assert ask(simulation, code) == ["NVMLError_GpuIsLost"] * 2


@pytest.mark.parametrize(
    ("driver", "error", "raised"),
    [
        (False, None, "NVMLError_LibraryNotFound"),
        (True, "driver not loaded", "NVMLError_DriverNotLoaded"),
        (True, "version mismatch", "NVMLError_LibRmVersionMismatch"),
    ],
)
def test_a_driver_is_missing_not_loaded_or_another(*, driver: bool, error: str | None, raised: str) -> None:
    failures = (Failure(function="nvmlInit", error=error),) if error else ()
    with running(scripted(A100, failures=failures), driver=driver) as simulation:
        assert ask(simulation, "answer = error_of(nvml.nvmlInit)") == raised


def test_nothing_answers_before_init_or_after_the_last_shutdown() -> None:
    code = """
answer = [error_of(nvml.nvmlDeviceGetCount) if nvml._LoadNvmlLibrary() is None else None]
nvml.nvmlInit(); nvml.nvmlInit(); nvml.nvmlShutdown()
answer.append(nvml.nvmlDeviceGetCount())
nvml.nvmlShutdown()
answer += [error_of(nvml.nvmlDeviceGetCount), error_of(nvml.nvmlShutdown)]
"""
    with running(scripted(A100)) as simulation:
        gone = "NVMLError_Uninitialized"
        assert ask(simulation, code) == [gone, 1, gone, gone]
