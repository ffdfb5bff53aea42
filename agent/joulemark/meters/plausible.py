"""Which readings a device can have had: what no board can have drawn is no reading, whatever a driver says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.errors import ReadingMissing
from joulemark.meters.meter import Reading, Stamp
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.meters.meter import Meter, StreamInfo, Tick

MAX_STORABLE = 2**53
"""The largest count that a trace holds; in mJ it is what 10 kW draw in 28,000 years."""
LARGEST_POWER_W = 100_000.0
"""No board and no processor draws more: the largest of today draw some 3 kW."""
LATENESS_S = 1.0
"""A counter may tell at once what was drawn in this time before."""


def is_storable(tick: Tick) -> bool:
    """Whether a trace can hold the value."""
    return 0 <= tick.value <= MAX_STORABLE


def checked(meter: Meter, reading: Reading, last: Sequence[Tick]) -> Reading:
    """`reading` without gauges that no trace can hold. `last` are the ticks of the reading before it, or none.

    Raises ReadingMissing when a counter is beyond what it can be, or rose faster than any device draws.
    """
    for number, (info, tick) in enumerate(zip(meter.streams, reading.ticks, strict=True)):
        if not is_storable(tick):
            raise ReadingMissing(
                _("The counter {name} reads {value} {unit}, which is impossible.").format(
                    name=info.name, value=tick.value, unit=info.unit
                )
            )
        if number < len(last) and (power_w := _power_w(info, last[number], tick)) > LARGEST_POWER_W:
            raise ReadingMissing(
                _("The counter {name} rose as if {power_w:.3g} W were drawn, which is impossible.").format(
                    name=info.name, power_w=power_w
                )
            )
    stamp = reading.stamp
    if all(tick is None or is_storable(tick) for tick in reading.gauges) and _is_storable_stamp(stamp):
        return reading
    gauges = tuple(tick if tick is None or is_storable(tick) else None for tick in reading.gauges)
    return Reading(ticks=reading.ticks, gauges=gauges, stamp=_storable_stamp(stamp))


def _is_storable_stamp(stamp: Stamp | None) -> bool:
    return stamp is None or (0 <= stamp.stamp_us <= MAX_STORABLE and 0 <= stamp.latency_us <= MAX_STORABLE)


def _storable_stamp(stamp: Stamp | None) -> Stamp | None:
    """A stamp that no trace can hold says nothing."""
    if stamp is None:
        return None
    return Stamp(*(value if 0 <= value <= MAX_STORABLE else 0 for value in stamp))


def _power_w(info: StreamInfo, last: Tick, tick: Tick) -> float:
    """The least power that gives this rise; a fall of a counter that wraps is a wrap."""
    rise = tick.value - last.value
    if info.wraps_at:
        rise %= info.wraps_at
    return rise * info.joules_per_unit / ((tick.t_us - last.t_us) / 1e6 + LATENESS_S)
