"""A power reading as if it were a counter: each reading held since the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.changes import Changes
from joulemark.energy.columns import MAX_EXACT, all_sums_fit, int64
from joulemark.energy.errors import TraceIncomplete, TraceInconsistent
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from joulemark.record.trace import Gauge, Trace

Readings = tuple["NDArray[np.float64]", "NDArray[np.float64]"]
"""Times in seconds, and values in the gauge's own unit."""


class Gauges:
    """The gauges of a trace, each decoded once, when it is first asked for."""

    def __init__(self, trace: Trace) -> None:
        self.all = trace.gauges
        self._read: dict[int, Readings] = {}

    def read(self, gauge: Gauge) -> Readings:
        """As `readings` says; `gauge` is one of `all`. Raises TraceInconsistent or TraceIncomplete."""
        place = id(gauge)  # `all` keeps it alive
        if place not in self._read:
            self._read[place] = readings(gauge)
        return self._read[place]

    def named(self, name: str) -> Readings | None:
        """The first gauge of this name, None where the run has none. Raises as `read` does."""
        gauge = next((gauge for gauge in self.all if gauge.name == name), None)
        return None if gauge is None else self.read(gauge)


def readings(gauge: Gauge) -> Readings:
    """Times in seconds and values in the gauge's own unit. Raises TraceInconsistent or TraceIncomplete."""
    if len(gauge.t_us) != len(gauge.value):
        raise TraceInconsistent(
            _('Gauge "{name}" has {times} times, {values} values.').format(
                name=gauge.name, times=len(gauge.t_us), values=len(gauge.value)
            )
        )
    if not gauge.t_us:
        raise TraceIncomplete(_('Gauge "{name}" has no reading.').format(name=gauge.name))
    steps, rises = (
        int64(column, of=_('Gauge "{name}"').format(name=gauge.name)) for column in (gauge.t_us, gauge.value)
    )
    t_us, value = steps.cumsum(), rises.cumsum()
    if steps.min() < 0 or not ((all_sums_fit(steps) and all_sums_fit(rises)) or _fit(steps, rises, value)):
        raise TraceInconsistent(
            _('The times of gauge "{name}" run backwards, or a number is too large.').format(name=gauge.name)
        )
    return t_us / 1e6, value.astype(np.float64)


def _fit(steps: NDArray[np.int64], rises: NDArray[np.int64], value: NDArray[np.int64]) -> bool:
    swings = np.abs(rises.astype(np.float64)).sum()
    return bool(
        steps.sum(dtype=np.float64) <= MAX_EXACT and swings <= 2.0**62 and np.abs(value).max() <= MAX_EXACT
    )


def accumulate(gauge: Gauge) -> Changes:
    """The energy that a gauge in milliwatts amounts to, zero-order hold, a change for each reading.

    A reading tells of the time before it, so it is held from the reading before it on. Raises EnergyError.
    """
    return zero_order_hold(readings(gauge))


def zero_order_hold(read: Readings) -> Changes:
    """The energy of the `readings` of a gauge, as `accumulate` has it."""
    t_s, milliwatts = read
    lengths = np.diff(t_s)
    energy_j = np.concatenate(([0.0], np.cumsum(lengths * milliwatts[1:] / 1e3)))
    return Changes(low_s=t_s, high_s=t_s, energy_j=energy_j)
