"""The driver's own ring of power samples: finer than the readings, and taken whether anyone reads or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.errors import ReadingMissing
from joulemark.meters.meter import Tick
from joulemark.meters.nvml import errors as nvml_errors
from joulemark.meters.nvml.fields import number
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.meters.nvml.card import Card
    from joulemark.meters.nvml.clock import CalendarClock

TOTAL_POWER = 0
"""NVML_TOTAL_POWER_SAMPLES."""
NAME = "gpu-power-samples"
_FUNCTION = "nvmlDeviceGetSamples"


class PowerSamples:
    """Power in mW as the driver sampled it. `reason` says why there are none, or is None."""

    def __init__(self, card: Card, clock: CalendarClock) -> None:
        """Ask once, for the whole ring."""
        self._card = card
        self._clock = clock
        self.reason: str | None = None
        try:
            card.call(_FUNCTION, TOTAL_POWER, 0)
        except card.nvml.NVMLError as error:
            if nvml_errors.is_lacking(card.nvml, error) or nvml_errors.is_forbidden(card.nvml, error):
                self.reason = nvml_errors.reason(card.nvml, error)

    def since(self, since_us: int) -> tuple[Tick, ...] | None:
        """The samples after `since_us` of the run's clock, in order, as far back as the ring goes.

        None where the driver has no ring. Raises ReadingMissing while no reading has told which time of the calendar
        the run's clock began at, or when the driver gave nothing this once, and MeterFailed.
        """
        if self.reason is not None:
            return None
        start_us = self._clock.start_us
        if start_us is None:
            raise ReadingMissing(
                _("No reading has a timestamp, so the driver's power samples cannot be placed in time.")
            )
        nvml = self._card.nvml
        try:
            kind, samples = self._card.call(_FUNCTION, TOTAL_POWER, max(0, start_us + since_us))
        except nvml.NVMLError as error:
            if error.value == nvml.NVML_ERROR_NOT_FOUND:  # nothing is newer
                return ()
            raise nvml_errors.failed(nvml, error) from error
        ticks = (
            Tick(int(sample.timeStamp) - start_us, number(kind, sample.sampleValue)) for sample in samples
        )
        return tuple(sorted(tick for tick in ticks if tick.t_us > since_us))
