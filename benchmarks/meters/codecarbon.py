"""CodeCarbon: an offline tracker with a task around what is measured; only its GPU energy is compared."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

from benchmarks.meters.tool import Measured, in_windows

if TYPE_CHECKING:
    from random import Random

    from benchmarks.meters.virtual import VirtualTime
    from benchmarks.meters.workloads import Workload

J_PER_KWH = 3.6e6


class CodeCarbon:
    """The difference of the energy counter over a task. It needs an `nvidia-smi` on PATH to look for a GPU.

    Its time is the machine's, not the simulation's, and enters no energy of a GPU with a counter. For the same
    reason it is used with tasks: `stop` skips its last reading when the one before is younger than 50 ms of real time.
    """

    name = "codecarbon"

    def measure(self, time: VirtualTime, workload: Workload, rng: Random) -> Measured:
        """Tasks of one tracker. The powers of CPU and RAM are given, so that it does not spend time to find them."""
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            from codecarbon import (
                OfflineEmissionsTracker,
            )  # warns of what zeus brings along and is not set up

        tracker = OfflineEmissionsTracker(
            country_iso_code="FRA",
            output_methods=[],
            log_level="critical",
            force_cpu_power=100,
            force_ram_power=10,
        )

        def end() -> float:
            return float(tracker.stop_task().gpu_energy) * J_PER_KWH

        try:
            measured = in_windows(time, workload, rng, begin=tracker.start_task, end=end)
            if tracker.get_detected_hardware()["gpu_count"] != 1:
                raise RuntimeError("CodeCarbon saw no GPU: is there an nvidia-smi on PATH?")
            return measured
        finally:
            tracker.stop()
