"""A rehearsal of the GPU bundle: its parts on a simulated card under a virtual clock, torch on the processor.

Named by JOULEMARK_BUNDLE_HOOK, and run in each part's process before the part, with the simulation's environment.
`JOULEMARK_TEST_FAULT` makes a part fail: `no-kernel` (torch cannot use the card), `hang:PART` (it never ends).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "simulation"))

import joulemark_simulation

# a bundle has a few modules of this package, which come first; the simulated card is not among them
joulemark_simulation.__path__.append(str(ROOT / "simulation" / "joulemark_simulation"))

from joulemark import workloads
from joulemark.meters import timer as timers
from joulemark.session import checkup, job_runner, run
from joulemark_simulation.nvml.clock import Clock
from joulemark_simulation.nvml.control import SimulatedControl
from joulemark_simulation.nvml.virtual import Busy, VirtualTimer

WATTS, QUERY_S = 350.0, 0.02
FAULT = os.environ.get("JOULEMARK_TEST_FAULT", "")
SIMULATION: Any = SimpleNamespace(clock=Clock(Path(os.environ["NVML_SIM_CLOCK"])))
TIMER = VirtualTimer(SIMULATION)


class Work:
    """A workload of torch whose queries draw power from the simulated card for 20 ms each."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def answer(self, query: Any) -> Any:
        TIMER.work(WATTS, QUERY_S)
        return self._real.answer(query)


def kernel(device: str) -> Busy:
    """In place of the products of matrices."""
    if FAULT == "no-kernel":
        raise workloads.WorkloadError(f"torch cannot use {device}.")
    return Busy(TIMER, WATTS)


def tasks(open_task: Any) -> Any:
    return lambda recipe, rows: Work(open_task(recipe, rows))


os.environ["JOULEMARK_BUNDLE_DEVICE"] = "cpu"
TIMER.wait(3.0)
vars(workloads).update(
    busy_kernel=kernel, control_kernel=lambda _device, **shape: SimulatedControl(TIMER.work, **shape)
)
for module in (timers, run, job_runner, checkup):
    vars(module).update(RealTimer=lambda: TIMER)
for module in (run, job_runner):
    vars(module).update(require_device=lambda *_: None)
if f"hang:{sys.argv[sys.argv.index('--part') + 1]}" == FAULT:
    time.sleep(3600)
if "jobs" in sys.argv:
    from benchmarks.gpu_bundle import tiny_jobs

    vars(tiny_jobs).update(open_task=tasks(vars(tiny_jobs)["open_task"]))
if "sensors" in sys.argv or "doctor" in sys.argv or "jobs" in sys.argv:
    from joulemark.meters import probe

    probe.READ_EVERY_S = 0.005  # where time costs nothing, a reading does
if "sensors" in sys.argv:
    from benchmarks.gpu_bundle import sensors

    sensors.READ_EVERY_S = 0.005
