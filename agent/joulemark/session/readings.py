"""A meter as the record names it, readings that give no result, and a counter that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.energy.errors import NotMeasurable
from joulemark.errors import ReadingsUnusable
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.meters.meter import Meter, Tick
    from joulemark.record.trace import Trace

STUCK_PERIODS = 20
"""A counter that does not move in a window of so many of its periods is stuck."""


def readings_unusable(why: str, trace: Trace) -> ReadingsUnusable:
    """The error for readings that give no result. `why` is a sentence."""
    return ReadingsUnusable(_("The readings yield no result: {why}").format(why=why), trace=trace)


def require_moved(meter: Meter, before: Tick, after: Tick, *, seconds: float, shows_all: bool) -> None:
    """Raises NotMeasurable when the counter stood still through a window of `seconds`, long beside its period.

    A counter that `shows_all`, being read at the window's edges alone, must move however short the window.
    """
    is_long = shows_all or seconds >= STUCK_PERIODS * meter.period_s
    if meter.grade == "measured" and is_long and after.value == before.value:
        raise NotMeasurable(
            _(
                "The energy counter stood still at {value} {unit} through a window of {seconds:.3g} s. Reload"
                " its driver or restart the machine."
            ).format(value=after.value, unit=meter.streams[0].unit, seconds=seconds)
        )
