"""What every graphics processor looks like from outside, whoever made it: a meter, a device to compute on, and checks.

Nothing above this room knows a vendor, a driver or the name that torch gives a device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from joulemark.errors import MeterUnavailable
from joulemark.meters.meter import Meter
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from joulemark.meters.check import Check
    from joulemark.meters.device import DeviceFacts
    from joulemark.meters.timer import Timer


@dataclass(frozen=True, kw_only=True)
class BrokenGpu:
    """A GPU that the driver lists and that cannot be used. `index` is its number in that list."""

    index: int
    reason: str
    sentence: str
    mend: str | None = None
    uuid: str | None = None
    pci_bus_id: str | None = None

    def error(self) -> MeterUnavailable:
        """The agent's error for whoever wants this GPU."""
        return MeterUnavailable(
            self.reason,
            _("GPU {index} cannot be used: {sentence}").format(index=self.index, sentence=self.sentence),
            mend=self.mend,
        )


@dataclass(frozen=True, kw_only=True)
class PowerControls:
    """By the names of `record.statement.PowerControls`: values, and why one is None."""

    values: Mapping[str, Any]
    absent: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class GpuRuntime:
    """What a computing library must agree with: `newest` is the latest version of the runtime that the driver knows."""

    uuid: str
    name: str
    driver: str | None
    newest: tuple[int, int] | None


class GpuMeter(Meter, Protocol):
    """The energy counter of one graphics processor, and the processor itself."""

    @property
    def torch_device(self) -> str:
        """The type of torch's device that computes on it."""

    @property
    def probe_needed(self) -> bool:
        """Whether how its counter keeps time is unknown until it is probed."""

    @property
    def skipped(self) -> Sequence[BrokenGpu]:
        """The GPUs before it that were passed over because they cannot be measured."""

    def device(self) -> DeviceFacts:
        """The facts that the driver reports; one that it does not report is None with a reason."""

    def runtime(self) -> GpuRuntime:
        """What a computing library must agree with."""

    def pin(self, environ: MutableMapping[str, str]) -> None:
        """Show computing libraries this GPU alone; to be called before one of them looks for devices."""

    def checks(self, timer: Timer) -> Sequence[Check]:
        """What is looked at on a GPU at rest before a run, in order.

        Raises MeterUnavailable or MeterFailed when the GPU is gone.
        """

    def power_controls(self) -> PowerControls:
        """The settings of its firmware for power and clocks now. Raises nothing."""
