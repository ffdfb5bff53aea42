"""A meter as the record names it, and readings that give no result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.errors import ReadingsUnusable
from joulemark.record.statement import Sensor
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.meters.meter import Meter
    from joulemark.record.trace import Trace


def readings_unusable(why: str, trace: Trace) -> ReadingsUnusable:
    """The error for readings that give no result. `why` is a sentence."""
    return ReadingsUnusable(_("The readings give no result: {why}").format(why=why), trace=trace)


def sensor_of(meter: Meter) -> Sensor:
    """The meter as the record names it."""
    return Sensor(
        meter=meter.name,
        grade=meter.grade,
        scope=meter.scope,
        stated_watts=meter.stated_watts,
        stated_watts_source=meter.stated_watts_source,
    )
