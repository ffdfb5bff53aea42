"""What is no fault of a machine costs nobody a result: roundings, idle servers of graphics, numbers of no process."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.energy.flags import conditions_flags
from joulemark.errors import MeterUnavailable
from joulemark.meters.check import Check
from joulemark.meters.nvml import checks as gpu_checks
from joulemark.meters.nvml.card import Card
from joulemark.meters.nvml.clock import CalendarClock
from joulemark.meters.nvml.processes import (
    HIGHEST_PID,
    HOST_PID_NAMESPACE,
    OurProcesses,
    is_running,
    using_pids,
)
from joulemark.meters.nvml.readings import GpuReadings
from tests.laws import law

MIB = 2**20


class NVMLError(Exception):
    def __init__(self, value: int) -> None:
        super().__init__(f"error {value}")
        self.value = value


def binding(**functions: object) -> SimpleNamespace:
    """A module pynvml with these functions alone."""
    names = {"NVML_ERROR_FUNCTION_NOT_FOUND": 13, "NVML_ERROR_NOT_SUPPORTED": 3}
    return SimpleNamespace(NVMLError=NVMLError, **names, **functions)


def card(nvml: Any) -> Card:
    gpu: Any = SimpleNamespace(handle="gpu", uuid="", name="", pci_bus_id="")
    return Card(nvml=nvml, gpu=gpu)


def run(pid: int, memory: int | None) -> SimpleNamespace:
    return SimpleNamespace(pid=pid, usedGpuMemory=memory)


@pytest.mark.laws
@law()
@given(limit_mw=st.integers(50_000, 1_000_000), moved=st.lists(st.integers(-500, 500), max_size=20))
def test_a_limit_that_is_told_by_a_rounding_more_or_less_was_not_changed(
    limit_mw: int, moved: list[int]
) -> None:
    assert conditions_flags({"gpu-power-limit": [limit_mw, *(limit_mw + by for by in moved)]}) == set()


@pytest.mark.laws
@law()
@given(limit_mw=st.integers(50_000, 1_000_000), by_mw=st.integers(1001, 500_000))
def test_a_limit_that_was_changed_by_more_than_a_watt_is_seen(limit_mw: int, by_mw: int) -> None:
    assert conditions_flags({"gpu-power-limit": [limit_mw, limit_mw + by_mw]}) == {"power-limit-changed"}


@pytest.mark.parametrize(
    ("limit_mw", "state"), [(400_000, "ok"), (399_999, "ok"), (399_000, "ok"), (398_999, "warning")]
)
def test_a_default_limit_off_by_a_milliwatt_is_the_default(limit_mw: int, state: str) -> None:
    nvml = binding(
        nvmlDeviceGetEnforcedPowerLimit=lambda _: limit_mw,
        nvmlDeviceGetPowerManagementDefaultLimit=lambda _: 400_000,
    )
    assert gpu_checks._power_limit(card(nvml)).state == state


def preflighted(compute: list[SimpleNamespace], graphics: list[SimpleNamespace], ours: OurProcesses) -> Check:
    nvml = binding(
        nvmlDeviceGetComputeRunningProcesses_v3=lambda _: compute,
        nvmlDeviceGetGraphicsRunningProcesses_v3=lambda _: graphics,
    )
    return gpu_checks._processes(card(nvml), ours, on_gpu=False)


def test_x_that_shows_nothing_on_this_gpu_is_no_company() -> None:
    ours = OurProcesses(pid=10, namespace=HOST_PID_NAMESPACE, parent=lambda _: None, exists=bool)
    assert preflighted([], [run(7, 4 * MIB)], ours).state == "ok"
    desktop = preflighted([], [run(7, 4 * MIB), run(8, 200 * MIB)], ours)
    assert (desktop.state, desktop.value) == ("noisy", 1)
    assert "8" in desktop.sentence
    assert "multi-user.target" in (desktop.mend or "")
    unknown = preflighted([], [run(7, None)], ours)
    assert unknown.state == "noisy", "a memory that is not told is not taken for small"
    both = preflighted([run(7, 4 * MIB)], [run(7, 4 * MIB)], ours)
    assert both.state == "noisy"
    assert "ps -fp" in (both.mend or "")


def test_a_number_of_no_process_is_no_process() -> None:
    here = OurProcesses(namespace=None)
    gone = next(pid for pid in range(HIGHEST_PID, 0, -1) if not is_running(pid))
    assert is_running(os.getpid())
    assert preflighted([run(gone, 100 * MIB), run(2**32 - 1, None), run(0, None)], [], here).state == "ok"
    assert preflighted([run(os.getppid(), 100 * MIB)], [], here).state == "noisy"


pids = st.integers(-5, HIGHEST_PID + 5)


@pytest.mark.laws
@law()
@given(
    listed=st.lists(pids, max_size=12),
    alive=st.sets(pids, max_size=12),
    children=st.sets(pids, max_size=6),
    in_container=st.booleans(),
    on_gpu=st.booleans(),
)
def test_foreign_processes_are_those_that_run_and_are_not_ours(
    *, listed: list[int], alive: set[int], children: set[int], in_container: bool, on_gpu: bool
) -> None:
    me = 4242
    ours = OurProcesses(
        pid=me,
        namespace=1 if in_container else HOST_PID_NAMESPACE,
        parent=lambda pid: me if pid in children else 1,
        exists=alive.__contains__,
    )
    possible = {pid for pid in listed if 0 < pid <= HIGHEST_PID}
    expected = (
        max(0, len(possible) - on_gpu)
        if in_container
        else len(
            {pid for pid in possible if pid in alive and pid != me and not (pid > 1 and pid in children)}
        )
    )
    assert ours.foreign(listed, on_gpu=on_gpu) == expected


@pytest.mark.laws
@law()
@given(
    compute=st.lists(st.tuples(pids, st.none() | st.integers(0, 10**11)), max_size=8),
    graphics=st.lists(st.tuples(pids, st.none() | st.integers(0, 10**11)), max_size=8),
)
def test_only_what_draws_less_than_a_picture_is_passed_over(
    compute: list[tuple[int, int | None]], graphics: list[tuple[int, int | None]]
) -> None:
    found = using_pids([run(*one) for one in compute], [run(*one) for one in graphics])
    idle = {pid for pid, memory in graphics if memory is not None and memory < 3840 * 2160 * 4}
    large = {pid for pid, memory in graphics if memory is None or memory >= 3840 * 2160 * 4}
    assert found == {pid for pid, _ in compute} | large
    assert found.isdisjoint(idle - large - {pid for pid, _ in compute})


def test_an_old_binding_is_not_blamed_on_the_card() -> None:
    with pytest.raises(MeterUnavailable) as old:
        GpuReadings(card(binding()), CalendarClock())
    assert old.value.reason == "nvml-binding-old"
    assert "pip install --upgrade nvidia-ml-py" in (old.value.mend or "")

    def unsupported(_: object) -> int:
        raise NVMLError(3)

    with pytest.raises(MeterUnavailable) as lacking:
        GpuReadings(card(binding(nvmlDeviceGetTotalEnergyConsumption=unsupported)), CalendarClock())
    assert lacking.value.reason == "no-energy-counter"
