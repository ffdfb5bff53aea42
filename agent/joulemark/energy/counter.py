"""The `counter` estimator: the plain difference of a cumulative energy counter over a span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.columns import MAX_EXACT, all_sums_fit, int64
from joulemark.energy.errors import CounterWentBackwards, TraceIncomplete, TraceInconsistent
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from joulemark.record.trace import Stream


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What a counter rose by between the two ticks around a span: units, joules, and the ticks' distance."""

    units: int
    energy_j: float
    between_ticks_s: float


@dataclass(frozen=True, kw_only=True)
class Counter:
    """One stream with its wraps undone: `t_us` non-decreasing, `units` counted from the first tick."""

    name: str
    joules_per_unit: float
    t_us: NDArray[np.int64]
    units: NDArray[np.int64]

    def difference(self, start_us: int, end_us: int) -> Difference:
        """From the last tick at or before `start_us` to the first tick at or after `end_us`.

        Raises TraceIncomplete when no tick lies on that side.
        """
        first = int(self.t_us.searchsorted(start_us, side="right")) - 1
        last = int(self.t_us.searchsorted(end_us, side="left"))
        if first < 0:
            raise TraceIncomplete(
                _('Stream "{name}" has no tick at or before {start_us} us.').format(
                    name=self.name, start_us=start_us
                )
            )
        if last == len(self.t_us):
            raise TraceIncomplete(
                _('Stream "{name}" has no tick at or after {end_us} us.').format(
                    name=self.name, end_us=end_us
                )
            )
        units = int(self.units[last] - self.units[first])
        return Difference(
            units=units,
            energy_j=units * self.joules_per_unit,
            between_ticks_s=int(self.t_us[last] - self.t_us[first]) / 1e6,
        )


def counter(stream: Stream) -> Counter:
    """Decode `stream` and undo its wraps: a fall by less than its modulus counts as one wrap.

    Raises TraceInconsistent, TraceIncomplete (no tick) or CounterWentBackwards.
    """
    if len(stream.t_us) != len(stream.value):
        raise TraceInconsistent(
            _('Stream "{name}" has {times} times for {values} values.').format(
                name=stream.name, times=len(stream.t_us), values=len(stream.value)
            )
        )
    if not stream.t_us:
        raise TraceIncomplete(_('Stream "{name}" has no tick.').format(name=stream.name))
    steps = int64(stream.t_us, of=_('Stream "{name}"').format(name=stream.name))
    if steps.min() < 0:
        raise TraceInconsistent(_('The times of stream "{name}" run backwards.').format(name=stream.name))
    values = int64(stream.value, of=_('Stream "{name}"').format(name=stream.name))
    raw = _running_sum(values, stream.name)
    rises = values.copy()  # all sums being exact, these are the differences; the first counts from itself
    rises[0] = 0
    if stream.wraps_at is None:
        if rises.min() < 0:
            raise CounterWentBackwards(
                _('The counter of stream "{name}" fell, and it is not said to wrap.').format(name=stream.name)
            )
    else:
        if (raw > stream.wraps_at).any():
            raise TraceInconsistent(
                _('Stream "{name}" shows a value beyond its modulus {wraps_at}.').format(
                    name=stream.name, wraps_at=stream.wraps_at
                )
            )
        rises = np.where(rises < 0, rises + stream.wraps_at, rises)
    return Counter(
        name=stream.name,
        joules_per_unit=stream.joules_per_unit,
        t_us=_running_sum(steps, stream.name),
        units=_running_sum(rises, stream.name),
    )


def _running_sum(deltas: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    """Cumulative sum; refused where a value is negative or beyond 2**53, up to which all is exact."""
    sums = deltas.cumsum()
    exact = all_sums_fit(deltas) or (
        sums.max() <= MAX_EXACT and np.abs(deltas).sum(dtype=np.float64) <= 2.0**62
    )
    if not exact or sums.min() < 0:
        raise TraceInconsistent(_("Stream {name} holds a value below 0 or above 2**53.").format(name=name))
    return sums
