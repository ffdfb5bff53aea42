"""`joulemark ARGUMENTS` on a simulated card under a virtual clock; started in a simulation's environment.

The suite is the tests' tiny one, whose queries draw power from the card; time passes when somebody waits or works.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from random import Random
from types import SimpleNamespace

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(Path(__file__).parent)]

import fake_suite
from msgspec.structs import replace
from nvml_sim.clock import Clock
from nvml_sim.virtual import Busy, VirtualTimer

from joulemark import suite as suites
from joulemark import workloads
from joulemark.cli import main
from joulemark.session import checkup, run, work

WATTS, QUERY_S = 300.0, 0.05
CHANCES = Random(7)  # noqa: S311 - chances, no secrets
TIMER: VirtualTimer
"""The timer of the simulation that this process runs in, once it is installed."""


class Work(fake_suite.Workload):
    """A query draws power for 50 ms."""

    def answer(self, query: SimpleNamespace) -> SimpleNamespace:
        TIMER.work(WATTS, CHANCES.gauss(QUERY_S, 0.0005))
        return super().answer(query)


def kernel(device: str) -> Busy:
    """As torch would do; `JOULEMARK_TEST_NO_KERNEL` is a torch that cannot use the GPU."""
    if "JOULEMARK_TEST_NO_KERNEL" in os.environ:
        raise workloads.WorkloadError(f"torch cannot use {device}.")
    return Busy(TIMER, WATTS)


def install(*, idle_s: float = 15.0, warmup_s: float = 60.0) -> None:
    """Put the suite, its workload, the probe's kernel and the clock where the agent looks for them; 3 s pass."""
    global TIMER  # noqa: PLW0603 - one simulation a process
    TIMER = VirtualTimer(SimpleNamespace(clock=Clock(Path(os.environ["NVML_SIM_CLOCK"]))))
    TIMER.wait(3.0)
    fake_suite.install(setattr)
    tiny = fake_suite.suite()
    protocol = replace(
        tiny.protocol, idle_s=idle_s, budget_s=600.0, windows_max=5, half_width_target=0.02, warmup_s=warmup_s
    )
    suites.open_suite = lambda _name: replace(tiny, protocol=protocol)
    workloads.open_workload = lambda _suite, job, **_: Work(job)
    workloads.busy_kernel = kernel
    run.RealTimer = work.RealTimer = checkup.RealTimer = lambda: TIMER


if __name__ == "__main__":
    install()
    sys.exit(main(sys.argv[1:]))
