"""`joulemark ARGUMENTS` on a simulated card under a virtual clock; started in a simulation's environment.

The suite is the tests' tiny one, whose queries draw power from the card; time passes when somebody waits or works.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "simulation")]

from msgspec.structs import replace

from joulemark import workloads
from joulemark.cli import main
from joulemark.session import checkup, job_runner, run, suite_source
from joulemark.workloads.first_kernel import run_first_kernel
from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.clock import Clock
from joulemark_simulation.nvml.control import SimulatedControl
from joulemark_simulation.nvml.virtual import Busy, VirtualTimer
from tests.agent import fake_suite

WATTS, QUERY_S = 300.0, 0.05
CHANCES = Random(7)  # noqa: S311 - chances, no secrets
TIMER: VirtualTimer
"""The timer of the simulation that this process runs in, once it is installed."""


class Work(fake_suite.Workload):
    """A query draws power for 50 ms."""

    def answer(self, query: SimpleNamespace) -> SimpleNamespace:
        if self.job.key == os.environ.get("JOULEMARK_TEST_TROUBLE"):
            raise workloads.WorkloadCrashed(f"{self.job.key} failed.")
        TIMER.work(WATTS, CHANCES.gauss(QUERY_S, 0.0005))
        return super().answer(query)


def kernel(device: str) -> Busy:
    """As torch would do; `JOULEMARK_TEST_NO_KERNEL` is a torch that cannot use the GPU."""
    if "JOULEMARK_TEST_NO_KERNEL" in os.environ:
        raise workloads.WorkloadError(f"torch cannot use {device}.")
    return Busy(TIMER, WATTS)


class BrokenControl(SimulatedControl):
    """A kernel for which there is no memory, or that torch cannot run."""

    def load(self) -> None:
        super().load()
        raise MemoryError if os.environ["JOULEMARK_TEST_CONTROL"] == "memory" else RuntimeError("no kernel")


def control_kernel(_device: str, **shape: int) -> SimulatedControl:
    """As torch would run it; `JOULEMARK_TEST_CONTROL` is what is wrong with it."""
    fault = os.environ.get("JOULEMARK_TEST_CONTROL")
    if fault == "torch":
        raise workloads.WorkloadError("There is no torch.")
    return (BrokenControl if fault else SimulatedControl)(TIMER.work, **shape)


class FakeTorch:
    """A torch that can use the card, or one that fails as `JOULEMARK_TEST_TORCH` says, at the time that it says."""

    __version__ = "2.99.0"

    def __init__(self, fault: str, uuid: str) -> None:
        self._fault, self._uuid, self.kernels = fault, uuid, 0
        self.version = SimpleNamespace(cuda=None if fault == "no cuda" else "13.0")
        self.cuda = self

    def get_num_threads(self) -> int:
        return 1

    get_num_interop_threads = get_num_threads

    def is_available(self) -> bool:
        if self._fault == "old driver":
            warnings.warn("The NVIDIA driver on your system is too old (found version 12020).", stacklevel=1)
        return self._fault not in ("old driver", "not seen")

    def device_count(self) -> int:
        return 1

    def get_device_properties(self, _device: str) -> SimpleNamespace:
        if self._fault == "cannot open":
            raise RuntimeError("CUDA error: device busy or unavailable\nCompile with TORCH_USE_CUDA_DSA")
        return SimpleNamespace(uuid="0000" if self._fault == "another card" else self._uuid)

    def get_device_capability(self, _device: str) -> tuple[int, int]:
        return (12, 0)

    def get_arch_list(self) -> list[str]:
        return ["sm_80", "sm_90"]

    def synchronize(self, _device: str) -> None:
        if self._fault == "late error":
            raise RuntimeError("CUDA error: unspecified launch failure")

    def arange(self, end: float, device: str) -> FakeTorch:
        self.kernels += 1
        if self._fault == "no kernels":
            raise RuntimeError("CUDA error: no kernel image is available for execution on the device")
        if self._fault == "memory":
            raise MemoryError
        if self._fault == "broken by a job" and self.kernels > 1:
            raise RuntimeError("CUDA error: device-side assert triggered")
        return self

    def reshape(self, *_: int) -> FakeTorch:
        return self

    def flip(self, _axis: int) -> FakeTorch:
        return self

    def __matmul__(self, _other: FakeTorch) -> FakeTorch:
        return self

    def diagonal(self) -> FakeTorch:
        return self

    def sum(self) -> float:
        return 901.0 if self._fault == "wrong result" else 900.0


def install(*, idle_s: float = 15.0, warmup_s: float = 60.0) -> None:
    """Put the suite, its workload, the probe's kernel and the clock where the agent looks for them; 3 s pass."""
    global TIMER  # noqa: PLW0603 - one simulation a process
    simulation: Any = SimpleNamespace(clock=Clock(Path(os.environ["NVML_SIM_CLOCK"])))
    TIMER = VirtualTimer(simulation)
    TIMER.wait(3.0)
    real = (suite_source.obtain_suite, suite_source.find_suite)
    fake_suite.install(setattr)
    if "JOULEMARK_TEST_PLATFORM_SUITES" in os.environ:  # suites are those that the platform hands out
        suite_source.obtain_suite, suite_source.find_suite = real
    tiny = fake_suite.suite()
    protocol = replace(
        tiny.protocol, idle_s=idle_s, budget_s=600.0, windows_max=5, half_width_target=0.02, warmup_s=warmup_s
    )
    fake_suite.suite = lambda: replace(tiny, protocol=protocol)
    vars(workloads).update(
        open_workload=lambda _suite, job, **_: Work(job),
        busy_kernel=kernel,
        control_kernel=control_kernel,
    )
    if fault := os.environ.get("JOULEMARK_TEST_TORCH"):
        torch: Any = FakeTorch(fault, A100.uuid)
        sys.modules["torch"] = torch
        workloads.run_first_kernel = run_first_kernel
    for module in (run, job_runner, checkup):
        vars(module).update(RealTimer=lambda: TIMER)


if __name__ == "__main__":
    install()
    sys.exit(main(sys.argv[1:]))
