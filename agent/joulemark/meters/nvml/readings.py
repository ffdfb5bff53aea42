"""The GPU's energy counter and its power readings, by one call to NVML wherever the driver can answer all in one.

NVML API reference: `nvmlDeviceGetFieldValues`; NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION (83, mJ since the driver was
loaded), NVML_FI_DEV_POWER_AVERAGE (185, mean of a second) and NVML_FI_DEV_POWER_INSTANT (186), both in mW. The
numbers are of the driver's interface, so they are written here: an older binding has no names for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.errors import MeterUnavailable, ReadingMissing
from joulemark.meters.meter import GaugeInfo, Now, Reading, Stamp, Tick, timed
from joulemark.meters.nvml import errors as nvml_errors
from joulemark.meters.nvml.card import Absent
from joulemark.meters.nvml.fields import field_values
from joulemark.meters.plausible import is_storable
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.meters.nvml.card import Card
    from joulemark.meters.nvml.clock import CalendarClock
    from joulemark.meters.nvml.fields import FieldValue

ENERGY, POWER_AVERAGE, POWER_INSTANT = 83, 185, 186
ENERGY_FUNCTION, USAGE_FUNCTION = "nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetPowerUsage"
INSTANT = GaugeInfo(name="gpu-power-instant", unit="mW")
AVERAGE = GaugeInfo(name="gpu-power-average", unit="mW")
LAST_WITH_INSTANT_USAGE = (8, 0)
"""The compute capability of GA100: up to it `nvmlDeviceGetPowerUsage` tells an instant, later the mean of a second
(NVML API reference, nvmlDeviceGetPowerUsage)."""


class GpuReadings:
    """What is read of a GPU many times a second; `absent` says why a gauge is not among them."""

    def __init__(self, card: Card, clock: CalendarClock) -> None:
        """Try everything once. Raises MeterUnavailable, with reason no-energy-counter where there is none."""
        self._card = card
        self._clock = clock
        self._last_mj = 0
        lacking = _lacking_fields(card)
        self._fields = tuple(field for field, reason in lacking.items() if reason is None)
        self.counter_is_field = ENERGY in self._fields
        plain = None if self.counter_is_field else card.if_offered(ENERGY_FUNCTION)
        if isinstance(plain, Absent):
            if plain.reason == nvml_errors.OLD_BINDING.reason:
                raise MeterUnavailable(
                    plain.reason,
                    _(
                        "The installed Python package for NVML is too old to ask whether this GPU "
                        "has an energy counter."
                    ),
                    mend=nvml_errors.OLD_BINDING.mend,
                )
            raise MeterUnavailable(
                "no-energy-counter",
                _("This GPU has no energy counter (NVML has one from the Volta generation on)."),
            )
        self._asks_usage = lacking[POWER_INSTANT] is not None and _usage_is_instant(card)
        if self._asks_usage:
            lacking[POWER_INSTANT] = None
        reasons = {INSTANT: lacking[POWER_INSTANT], AVERAGE: lacking[POWER_AVERAGE]}
        self.gauges = tuple(info for info, reason in reasons.items() if reason is None)
        self.absent = {info.name: reason for info, reason in reasons.items() if reason is not None}

    @property
    def provenance(self) -> str:
        """The call that the counts come from."""
        if self.counter_is_field:
            return "NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION of nvmlDeviceGetFieldValues"
        return ENERGY_FUNCTION

    def read(self, now: Now) -> Reading:
        """Counter in mJ and gauges in mW; a gauge that gave nothing this once is None.

        Raises ReadingMissing when the counter gave nothing this once, MeterFailed when the GPU is gone.
        """
        before_us = now()
        fields = self._field_values()
        t_us = (before_us + now()) // 2
        for field in fields.values():
            self._clock.saw(calendar_us=field.stamp_us, at_us=t_us)
        if self.counter_is_field:
            counter = Tick(t_us, self._number(fields[ENERGY]))
        else:
            counter = timed(now, lambda: int(self._card.during_a_run(ENERGY_FUNCTION)))
        gauges = tuple(self._gauge(info, fields, t_us, now) for info in self.gauges)
        return Reading(ticks=(self._not_emptied(counter),), gauges=gauges, stamp=self._stamp(fields))

    def _stamp(self, fields: dict[int, FieldValue]) -> Stamp | None:
        """As the driver gave it with the counter; only fields carry one."""
        if not self.counter_is_field:
            return None
        return Stamp(fields[ENERGY].stamp_us, fields[ENERGY].latency_us)

    def _field_values(self) -> dict[int, FieldValue]:
        if not self._fields:
            return {}
        values = field_values(self._card.during_a_run("nvmlDeviceGetFieldValues", self._fields))
        return dict(zip(self._fields, values, strict=True))

    def _not_emptied(self, counter: Tick) -> Tick:
        """A counter that has counted and reads 0 did not tell its count."""
        if not is_storable(counter):
            raise ReadingMissing(
                _(
                    "The GPU's energy counter reads {value} mJ, more than any GPU can have drawn. "
                    "Restart the machine."
                ).format(value=counter.value)
            )
        if not counter.value and self._last_mj:
            raise ReadingMissing(
                _("The GPU's energy counter reads 0 mJ after {last_mj} mJ.").format(last_mj=self._last_mj)
            )
        self._last_mj = counter.value
        return counter

    def _gauge(self, info: GaugeInfo, fields: dict[int, FieldValue], t_us: int, now: Now) -> Tick | None:
        """0 mW is what a driver says of a power that it did not read: a board that answers draws some."""
        try:
            if info is INSTANT and self._asks_usage:
                tick = timed(now, lambda: int(self._card.during_a_run(USAGE_FUNCTION)))
            else:
                tick = Tick(t_us, self._number(fields[POWER_INSTANT if info is INSTANT else POWER_AVERAGE]))
        except ReadingMissing:
            return None
        return tick if tick.value and is_storable(tick) else None

    def _number(self, field: FieldValue) -> int:
        if field.status:
            nvml = self._card.nvml
            raise nvml_errors.failed(nvml, nvml.NVMLError(field.status))
        return field.number()


def _lacking_fields(card: Card) -> dict[int, str | None]:
    """Why each field is not offered; None where it is, even if it fails for now. Raises MeterUnavailable."""
    fields = (ENERGY, POWER_INSTANT, POWER_AVERAGE)
    values = card.if_offered("nvmlDeviceGetFieldValues", fields)
    if isinstance(values, Absent):
        return dict.fromkeys(fields, values.reason)
    answers = zip(fields, field_values(values), strict=True)
    return {field: _why_not(card, field, value.status) for field, value in answers}


def _why_not(card: Card, field: int, status: int) -> str | None:
    if not status:
        return None
    nvml, error = card.nvml, card.nvml.NVMLError(status)
    if nvml_errors.is_lacking(nvml, error):
        return nvml_errors.reason(nvml, error)
    if field == ENERGY:
        raise nvml_errors.unavailable(nvml, error)
    return None if nvml_errors.may_pass(nvml, error) else nvml_errors.reason(nvml, error)


def _usage_is_instant(card: Card) -> bool:
    capability = card.if_offered("nvmlDeviceGetCudaComputeCapability")
    if isinstance(capability, Absent) or tuple(capability) > LAST_WITH_INSTANT_USAGE:
        return False
    return card.why_not(USAGE_FUNCTION) is None
