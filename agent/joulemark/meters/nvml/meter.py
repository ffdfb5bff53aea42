"""NVML: the GPU's own cumulative energy counter, in millijoules since the driver was loaded, and its state."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from joulemark.errors import MeterUnavailable
from joulemark.meters.gpu import GpuRuntime
from joulemark.meters.meter import GaugeInfo, Now, Reading, StreamInfo, Tick
from joulemark.meters.nvml.card import Absent, Card, open_card
from joulemark.meters.nvml.choice import pin
from joulemark.meters.nvml.clock import CalendarClock
from joulemark.meters.nvml.conditions import GpuConditions
from joulemark.meters.nvml.controls import power_controls
from joulemark.meters.nvml.preflight import preflight
from joulemark.meters.nvml.processes import OurProcesses
from joulemark.meters.nvml.readings import GpuReadings
from joulemark.meters.nvml.samples import NAME as SAMPLES
from joulemark.meters.nvml.samples import PowerSamples
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from types import ModuleType

    from joulemark.meters.check import Check
    from joulemark.meters.device import DeviceFacts
    from joulemark.meters.gpu import BrokenGpu, ControlReadings
    from joulemark.meters.timer import Timer
    from joulemark.record.statement import Grade, Scope
    from joulemark.record.statement import Meter as MeterName


class NvmlMeter:
    """Board energy of one GPU; `card` is the GPU itself."""

    name: MeterName = "nvml-counter"
    grade: Grade = "measured"
    scope: Scope = "gpu"
    period_s = 0.1
    knows_idle = True
    torch_device = "cuda"
    probe_needed = True
    stated_watts: float | None = None
    stated_watts_source: str | None = None
    streams = (StreamInfo(name="gpu-board", scope="gpu", unit="mJ", joules_per_unit=1e-3, wraps_at=None),)

    def __init__(
        self,
        *,
        nvml: ModuleType | None = None,
        environ: Mapping[str, str] = os.environ,
        ours: OurProcesses | None = None,
    ) -> None:
        """Open the driver, take a GPU and try everything that it may offer once.

        The GPU is the one that CUDA_VISIBLE_DEVICES names, else the first that can be measured; `skipped` are those
        before it that cannot. Raises MeterUnavailable.
        """
        self._ours = ours or OurProcesses()
        self.card = open_card(nvml=nvml, environ=environ, accept=self._open)

    def _open(self, card: Card) -> None:
        """Raises MeterUnavailable for a GPU that cannot be measured."""
        refuse_slices(card)
        clock = CalendarClock()
        self._readings = GpuReadings(card, clock)
        self._conditions = GpuConditions(card, self._ours)
        self._samples = PowerSamples(card, clock)

    @property
    def gpu(self) -> NvmlMeter:
        """This meter itself, which is of a GPU."""
        return self

    @property
    def skipped(self) -> tuple[BrokenGpu, ...]:
        """The GPUs of this machine that were passed over because they cannot be measured."""
        return self.card.skipped

    @property
    def gauges(self) -> tuple[GaugeInfo, ...]:
        """Power of an instant and mean power of a second, those that this GPU tells."""
        return self._readings.gauges

    @property
    def conditions(self) -> tuple[GaugeInfo, ...]:
        """Temperature, reasons for slow clocks, foreign processes, power limit and MIG, those that it tells."""
        return self._conditions.infos

    @property
    def absent(self) -> dict[str, str]:
        """Why a gauge, a condition or the driver's power samples are not there, by name."""
        ring = {} if self._samples.reason is None else {SAMPLES: self._samples.reason}
        return {**self._readings.absent, **self._conditions.absent, **ring}

    @property
    def provenance(self) -> str:
        """The call that the counts come from."""
        return self._readings.provenance

    def read(self, now: Now) -> Reading:
        """The counter in mJ and each gauge in mW, or None. Raises ReadingMissing or MeterFailed."""
        return self._readings.read(now)

    def look(self, now: Now) -> tuple[Tick | None, ...]:
        """Each condition, or None.

        Raises ReadingMissing when there was none of them, MeterFailed when the GPU is gone.
        """
        return self._conditions.look(now)

    def power_samples(self, since_us: int) -> tuple[Tick, ...] | None:
        """The driver's own power samples after `since_us` of the clock that `read` was given, in mW; read first.

        None where the driver keeps none, and `absent` says why. Raises ReadingMissing or MeterFailed.
        """
        return self._samples.since(since_us)

    def device(self) -> DeviceFacts:
        """The facts that NVML reports about the GPU; one that it does not report is None with a reason."""
        return self.card.device()

    def runtime(self) -> GpuRuntime:
        """What CUDA must agree with."""
        version = self.card.driver_version()
        return GpuRuntime(
            uuid=self.card.gpu.uuid,
            name=self.card.gpu.name,
            driver=None if isinstance(version, Absent) else version,
            newest=self.card.cuda_version(),
        )

    def pin(self, environ: MutableMapping[str, str]) -> None:
        """Show CUDA this GPU alone."""
        pin(self.card.gpu, environ)

    def checks(self, timer: Timer) -> tuple[Check, ...]:
        """Processes, clocks and heat at rest, the sensors, and the processor's counters beside it."""
        return preflight(self.card, timer)

    def power_controls(self) -> ControlReadings:
        """The settings of the GPU's firmware for power and clocks now; one that it does not report has a reason."""
        return power_controls(self.card)

    def close(self) -> None:
        """Let go of the driver; safe when it is already gone."""
        self.card.close()


def refuse_slices(card: Card) -> None:
    """Raises MeterUnavailable when the GPU is cut into slices."""
    modes = card.if_offered("nvmlDeviceGetMigMode")
    if not isinstance(modes, Absent) and modes[0]:
        raise MeterUnavailable(
            "mig-mode",
            _("The GPU is partitioned (MIG), and the energies of its slices cannot be separated."),
            mend=_("Disable MIG: sudo nvidia-smi -mig 0"),
        )
