"""Facts of a graphics processor, whoever made it: why it cannot be used, its runtime, and its power controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulemark.errors import MeterUnavailable
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping


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
class ControlReadings:
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
