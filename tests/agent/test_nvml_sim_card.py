"""What the simulated card says of itself and of its state, through the unmodified nvidia-ml-py."""

from __future__ import annotations

import pytest

from joulemark_simulation.nvml.asking import ask
from joulemark_simulation.nvml.cards import A100, CARDS, GA102, H100, V100, Card
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import (
    Idle,
    LimitChange,
    Load,
    Process,
    Throttle,
    scripted,
)

IDLES = 1  # NVML's bit for a GPU without work, among the reasons that hold clocks back


@pytest.mark.parametrize("card", list(CARDS.values()), ids=list(CARDS))
def test_a_card_describes_itself(card: Card) -> None:
    code = """
gpu = card()
answer = [nvml.nvmlSystemGetDriverVersion(), nvml.nvmlSystemGetNVMLVersion(), nvml.nvmlDeviceGetCount(),
    nvml.nvmlDeviceGetName(gpu), nvml.nvmlDeviceGetUUID(gpu), nvml.nvmlDeviceGetVbiosVersion(gpu),
    nvml.nvmlDeviceGetArchitecture(gpu), list(nvml.nvmlDeviceGetCudaComputeCapability(gpu)),
    nvml.nvmlDeviceGetMemoryInfo(gpu).total, nvml.nvmlDeviceGetPersistenceMode(gpu),
    nvml.nvmlDeviceGetPowerManagementLimit(gpu), nvml.nvmlDeviceGetPowerManagementDefaultLimit(gpu),
    nvml.nvmlDeviceGetPowerManagementLimitConstraints(gpu), error_of(nvml.nvmlDeviceGetSerial, gpu)]
"""
    with running(scripted(card)) as simulation:
        assert ask(simulation, code) == [
            *(card.driver, card.nvml, 1, card.name, card.uuid, card.vbios, card.architecture),
            *([card.compute_major, card.compute_minor], card.memory_mib * 2**20, card.persistence),
            *(card.limit_w * 1000, card.default_limit_w * 1000),
            *([card.min_limit_w * 1000, card.max_limit_w * 1000], "NVMLError_NotSupported"),
        ]


def test_cards_are_found_by_number_uuid_and_pci_address() -> None:
    code = """
nvml.nvmlInit()
answer = []
for number in range(nvml.nvmlDeviceGetCount()):
    gpu = nvml.nvmlDeviceGetHandleByIndex(number)
    uuid, pci = nvml.nvmlDeviceGetUUID(gpu), nvml.nvmlDeviceGetPciInfo(gpu)
    found = nvml.nvmlDeviceGetHandleByUUID(uuid), nvml.nvmlDeviceGetHandleByPciBusId(pci.busId)
    answer.append([uuid[-3:], pci.busId, pci.busIdLegacy, *map(nvml.nvmlDeviceGetIndex, found)])
answer += [error_of(nvml.nvmlDeviceGetHandleByIndex, 2), error_of(nvml.nvmlDeviceGetHandleByUUID, "GPU-0")]
"""
    with running(scripted(A100, gpus=2)) as simulation:
        assert ask(simulation, code) == [
            ["000", "00000000:01:00.0", "0000:01:00.0", 0, 0],
            ["001", "00000000:02:00.0", "0000:02:00.0", 1, 1],
            "NVMLError_InvalidArgument",
            "NVMLError_NotFound",
        ]


def test_only_the_active_card_carries_the_load() -> None:
    code = "clock.advance(1)\nanswer = [nvml.nvmlDeviceGetPowerUsage(card(index)) for index in (0, 1)]"
    with running(scripted(A100, Load(0, 9, 300.0), gpus=2, active=1)) as simulation:
        assert ask(simulation, code) == [60_000, 300_000]


def test_state_follows_the_load() -> None:
    code = """
gpu = card()
def state():
    return [nvml.nvmlDeviceGetTemperature(gpu, 0), nvml.nvmlDeviceGetTemperatureV(gpu, 0),
        nvml.nvmlDeviceGetClockInfo(gpu, nvml.NVML_CLOCK_SM), nvml.nvmlDeviceGetUtilizationRates(gpu).gpu,
        nvml.nvmlDeviceGetCurrentClocksThrottleReasons(gpu)]
answer = []
for at_s in (0.5, 4.0, 5.25, 100.0):
    clock.advance_to(at_s)
    answer.append(state())
"""
    with running(scripted(A100, Load(1.0, 5.0, 300.0), idle=Idle(warm_s=0.5, decay_s=5.0))) as simulation:
        cold, working, after, rested = ask(simulation, code)
    assert cold == rested == [34, 34, 210, 0, IDLES]
    assert working == [55, 55, 1410, 100, 0]
    assert (after[2:4], after[4]) == ([210, 75], IDLES)
    assert cold[0] < after[0] < working[0]


def test_what_disturbs_a_run_comes_and_goes() -> None:
    scenario = scripted(
        A100,
        Load(0.0, 100.0, 300.0),
        processes=(Process(pid=4711, start_s=1, end_s=2), Process(pid=4712, start_s=1, kind="graphics")),
        throttles=(
            Throttle(reason="hw thermal", start_s=1, end_s=2),
            Throttle(reason="sw power cap", start_s=1),
        ),
        limit_changes=(LimitChange(watts=250.0, start_s=1), LimitChange(watts=275.0, start_s=2)),
    )
    code = """
gpu = card()
answer = []
for _ in range(3):
    answer.append([[run.pid for run in nvml.nvmlDeviceGetComputeRunningProcesses(gpu)],
        [run.pid for run in nvml.nvmlDeviceGetGraphicsRunningProcesses(gpu)],
        nvml.nvmlDeviceGetMemoryInfo(gpu).used >> 20, nvml.nvmlDeviceGetCurrentClocksEventReasons(gpu),
        nvml.nvmlDeviceGetEnforcedPowerLimit(gpu), nvml.nvmlDeviceGetPowerManagementDefaultLimit(gpu)])
    clock.advance(1)
"""
    with running(scenario) as simulation:
        assert ask(simulation, code) == [
            [[], [], 512, 0, 400_000, 400_000],
            [[4711], [4712], 2560, 0x44, 250_000, 400_000],
            [[], [4712], 1536, 0x4, 275_000, 400_000],
        ]


@pytest.mark.parametrize(
    ("card", "mig", "ecc"),
    [
        (A100, [0, 0], [1, 1]),
        (V100, "NVMLError_NotSupported", [1, 1]),
        (GA102, *2 * ["NVMLError_NotSupported"]),
    ],
)
def test_mig_and_ecc_are_where_the_card_has_them(card: Card, mig: object, ecc: object) -> None:
    code = """
gpu = card()
answer = [one[1] if isinstance(one, list) else one for one in
    (error_of(nvml.nvmlDeviceGetMigMode, gpu), error_of(nvml.nvmlDeviceGetEccMode, gpu))]
"""
    with running(scripted(card)) as simulation:
        assert ask(simulation, code) == [mig, ecc]


def test_what_other_meters_ask_first_is_answered() -> None:
    code = """
gpu = card()
answer = [nvml.nvmlDeviceGetComputeMode(gpu), error_of(nvml.nvmlDeviceGetC2cModeInfoV, gpu)]
memory = nvml.nvmlDeviceGetFieldValues(gpu, [(nvml.NVML_FI_DEV_POWER_INSTANT, nvml.NVML_POWER_SCOPE_MEMORY)])[0]
answer.append(memory.nvmlReturn == nvml.NVML_ERROR_NOT_SUPPORTED)
"""
    with running(scripted(H100)) as simulation:
        assert ask(simulation, code) == [0, "NVMLError_NotSupported", True]
