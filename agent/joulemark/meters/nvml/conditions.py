"""The state of a GPU that a run must not overlook: heat, held-back clocks, other processes, its power limit, MIG.

Beside it the power of other scopes than the board's: the memory's alone, and the module's that a GPU shares with a
processor (Grace Hopper), where the driver tells them apart. The headline's counter is of neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.errors import ReadingMissing
from joulemark.meters.meter import GaugeInfo, Now, Tick, timed
from joulemark.meters.nvml.card import Absent
from joulemark.meters.nvml.controls import OF_MEMORY, OF_MODULE, scoped_power
from joulemark.meters.nvml.processes import OurProcesses, using_pids
from joulemark.meters.nvml.readings import POWER_INSTANT

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.meters.nvml.card import Card

GPU_SENSOR = 0
"""NVML_TEMPERATURE_GPU."""
TEMPERATURE = ("nvmlDeviceGetTemperature", "nvmlDeviceGetTemperatureV")
THROTTLE = ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons")
COMPUTE = ("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2")
GRAPHICS = ("nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2")
LIMIT = ("nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementLimit")
MIG = ("nvmlDeviceGetMigMode",)
"""Of each, the names that it has in drivers and bindings of different ages; the first that answers is used."""


class GpuConditions:
    """Those conditions that this GPU offers, in order; `absent` says why it has not the others."""

    def __init__(self, card: Card, ours: OurProcesses) -> None:
        """Try each once. Raises MeterUnavailable when the GPU is gone."""
        readers = {
            GaugeInfo(name="gpu-temperature", unit="C"): _value(card, TEMPERATURE, GPU_SENSOR),
            GaugeInfo(name="gpu-throttle", unit="mask"): _value(card, THROTTLE),
            GaugeInfo(name="gpu-foreign-processes", unit="count"): _foreign(card, ours),
            GaugeInfo(name="gpu-power-limit", unit="mW"): _value(card, LIMIT),
            GaugeInfo(name="gpu-mig", unit="count"): _value(card, MIG, form=lambda modes: int(modes[0])),
            GaugeInfo(name="gpu-memory-power", unit="mW"): scoped_power(card, POWER_INSTANT, OF_MEMORY),
            GaugeInfo(name="gpu-module-power", unit="mW"): scoped_power(card, POWER_INSTANT, OF_MODULE),
        }
        self.absent = {
            info.name: reader.reason for info, reader in readers.items() if isinstance(reader, Absent)
        }
        self._reads = {info: reader for info, reader in readers.items() if not isinstance(reader, Absent)}
        self.infos = tuple(self._reads)

    def look(self, now: Now) -> tuple[Tick | None, ...]:
        """One tick for each condition, None for one that gave nothing this once.

        Raises ReadingMissing when none gave anything, MeterFailed when the GPU is gone.
        """
        ticks: list[Tick | None] = []
        missing: ReadingMissing | None = None
        for read in self._reads.values():
            try:
                ticks.append(timed(now, read))
            except ReadingMissing as error:
                ticks.append(None)
                missing = error
        if missing and all(tick is None for tick in ticks):
            raise missing
        return tuple(ticks)


def _foreign(card: Card, ours: OurProcesses) -> Callable[[], int] | Absent:
    """A process that both computes and draws is one; Absent unless the GPU lists both kinds."""
    compute, graphics = _first_offered(card, COMPUTE), _first_offered(card, GRAPHICS)
    if isinstance(compute, Absent):
        return compute
    if isinstance(graphics, Absent):
        return graphics
    return lambda: ours.foreign(using_pids(card.during_a_run(compute), card.during_a_run(graphics)))


def _value(
    card: Card, functions: tuple[str, ...], *arguments: Any, form: Callable[[Any], int] = int
) -> Callable[[], int] | Absent:
    function = _first_offered(card, functions, *arguments)
    if isinstance(function, Absent):
        return function
    return lambda: form(card.during_a_run(function, *arguments))


def _first_offered(card: Card, functions: tuple[str, ...], *arguments: Any) -> str | Absent:
    """The first of `functions` that this GPU and driver have, or Absent with the reason of the first."""
    reasons = []
    for function in functions:
        reason = card.why_not(function, *arguments)
        if reason is None:
            return function
        reasons.append(reason)
    return Absent(reason=reasons[0])
