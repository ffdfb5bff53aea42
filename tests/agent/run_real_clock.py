"""`joulemark ARGUMENTS` on a simulated card under the machine's own clock; started in a simulation's environment.

`JOULEMARK_TEST_PROTOCOL` names the suite of the software whose protocol the tests' tiny suite gets: its rests and
what is thinned of them are as they are, and its windows are shorter, for otherwise they would take minutes. With
`JOULEMARK_TEST_TIMING` (JSON) the counter was probed before.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "simulation")]

from msgspec.structs import replace

from joulemark import suite as suites
from joulemark import workloads
from joulemark.cli import main
from joulemark.record.codec import decode
from joulemark.record.trace import Timing
from joulemark.session import control_runs, query_turns, sensor_timing
from joulemark_simulation.nvml.clock import Clock
from joulemark_simulation.nvml.control import SimulatedControl
from tests.agent import fake_suite

QUERY_S = 0.05
WINDOW_PERIODS = 20
CONTROL_S = 2.0
CLOCK = Clock(Path(os.environ["NVML_SIM_CLOCK"]))
WATTS = float(os.environ.get("JOULEMARK_TEST_WATTS", "200"))


class Busy:
    """The probe's kernel."""

    def run(self, seconds: float) -> None:
        """Draw power for so long."""
        draw(WATTS, seconds)


def draw(watts: float, seconds: float) -> None:
    """The card draws `watts` for so long."""
    with CLOCK.load(watts):
        time.sleep(seconds)


class Work(fake_suite.Workload):
    """A query draws power for 50 ms."""

    def answer(self, query: SimpleNamespace) -> SimpleNamespace:
        Busy().run(QUERY_S)
        return super().answer(query)


def install() -> None:
    """Put the suite, its workload, the probe's kernel and its outcome where the agent looks for them."""
    fake_suite.install(setattr)
    named = suites.load_suite(os.environ["JOULEMARK_TEST_PROTOCOL"]).protocol
    protocol = replace(
        named, queries=10, windows_max=min(named.windows_max, 5), windows_min=min(named.windows_min, 5)
    )
    tiny = fake_suite.suite()
    fake_suite.suite = lambda: replace(tiny, protocol=protocol)
    vars(workloads).update(
        open_workload=lambda _suite, job, **_: Work(job),
        busy_kernel=lambda _device: Busy(),
        control_kernel=lambda _device, **shape: SimulatedControl(draw, **shape),
    )
    vars(control_runs).update(MOST_S=CONTROL_S)
    query_turns.COUNTER_PERIODS = WINDOW_PERIODS
    timing = os.environ.get("JOULEMARK_TEST_TIMING")
    if timing:
        probed = sensor_timing.CounterTiming(
            timing=decode(timing.encode(), Timing, what="timing"), sentence="Probed before"
        )
        sensor_timing.timing_of = lambda *_, **__: probed


if __name__ == "__main__":
    install()
    sys.exit(main(sys.argv[1:]))
