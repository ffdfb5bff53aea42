"""Zeus (`zeus` on PyPI): `ZeusMonitor` with a window around what is measured, as its documentation shows."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import TYPE_CHECKING

from benchmarks.meters.tool import Measured, in_windows

if TYPE_CHECKING:
    from random import Random

    from benchmarks.meters.virtual import VirtualTime
    from benchmarks.meters.workloads import Workload


class Zeus:
    """The difference of the energy counter; with `instant`, power times duration where that difference is zero.

    That is its option `approx_instant_energy`, which it recommends in a warning for windows that short.
    """

    def __init__(self, *, instant: bool = False) -> None:
        """Zeus with its defaults, or with `approx_instant_energy`."""
        self.name = "zeus approx" if instant else "zeus"
        self._instant = instant

    def measure(self, time: VirtualTime, workload: Workload, rng: Random) -> Measured:
        """Windows of one monitor of the one GPU; there is no CUDA to synchronise with."""
        with contextlib.redirect_stdout(
            io.StringIO()
        ):  # amdsmi, which comes with it, says that there is no AMD card
            import zeus.device.gpu
            import zeus.monitor.energy

        # The approximation multiplies by the window's duration, which must be that of the simulation's clock.
        zeus.monitor.energy.time = time.now_s
        zeus.device.gpu._gpus = (
            None  # a process that lives on one machine sees its cards once; this one sees many
        )
        monitor = zeus.monitor.energy.ZeusMonitor(
            gpu_indices=[0], cpu_indices=[], approx_instant_energy=self._instant
        )

        def end() -> float:
            return float(monitor.end_window("repetition", sync_execution=False).gpu_energy[0])

        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="The energy consumption of one or more GPUs")
                return in_windows(
                    time,
                    workload,
                    rng,
                    begin=lambda: monitor.begin_window("repetition", sync_execution=False),
                    end=end,
                )
        finally:
            zeus.device.gpu._gpus = None
