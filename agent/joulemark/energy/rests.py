"""What the sensors show in the rests beside the windows: power, the counter's own period, and tails of the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.accumulate import Gauges
from joulemark.energy.bracket import SHARP
from joulemark.energy.percentiles import median

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from joulemark.energy.streams import ReadStream, Settling
    from joulemark.record.trace import Trace

GUARD_PERIODS = 2.0
"""A power reading so many periods of the counter behind the work's end no longer shows the work itself."""


def rests_w(streams: Sequence[ReadStream]) -> tuple[float, ...]:
    """Mean power of each rest before or after a window once the counter has settled, summed over the streams.

    A rest that shows less than two changes, or all at one time, is left out; with a counter that needs no settling
    there is none.
    """
    powers: dict[int, float] = {}
    for stream in streams:
        if stream.settling is None:
            return ()
        for number, power_w in _powers(stream.settling).items():
            powers[number] = powers.get(number, 0.0) + power_w
    return tuple(powers[number] for number in sorted(powers))


def periods_us(streams: Sequence[ReadStream]) -> dict[str, int]:
    """The median distance of closely read changes, by stream; a stream with less than five is left out."""
    by_stream: dict[str, int] = {}
    for stream in streams:
        if stream.settling is not None:
            distances_s = _distances_s(stream.settling)
            if len(distances_s) >= 5:
                by_stream[stream.counter.name] = round(median(distances_s) * 1e6)
    return by_stream


def tail_j(trace: Trace, streams: Sequence[ReadStream], gauges: Gauges | None = None) -> float:
    """Energy above rest that the power readings show between the windows' ends and the settled ticks, in joules.

    A card whose clocks fall late draws more than at rest for a while; the counter alone cannot tell that from telling
    late. 0 where power is not read: nothing is known of it then. Raises EnergyError when the gauge is broken.
    """
    gauge = trace.gauge("gpu-power-instant")
    if gauge is None or len(streams) != 1 or streams[0].settling is None:
        return 0.0
    settling = streams[0].settling
    t_s, milliwatts = (gauges or Gauges(trace)).read(gauge)
    period_s, settle_s = settling.timing.period_us / 1e6, settling.timing.settle_us / 1e6
    total_j = 0.0
    for span, (_, after) in zip(trace.windows(), settling.bracketed.around, strict=True):
        last_s = end_s = span.end_us / 1e6  # the first reading stands for all since the end
        first = t_s.searchsorted(end_s + GUARD_PERIODS * period_s, side="right")
        behind = t_s.searchsorted(end_s + settle_s + 2 * GUARD_PERIODS * period_s, side="right")
        for number in range(int(first), int(behind)):
            at_s = float(t_s[number])
            above_w = float(milliwatts[number]) / 1e3 - settling.bracketed.rest.power_w(after, at_s)
            total_j += above_w * max(min(at_s, end_s + settle_s) - last_s, 0.0)
            last_s = at_s
    return max(total_j, 0.0)


def _powers(settling: Settling) -> dict[int, float]:
    """The power at rest in watts, by the index of its stretch."""
    powers_w = {}
    steps, stretches = settling.changes, settling.bracketed.rest.stretches
    middle_s = steps.middle_s()
    for number in sorted({index for pair in settling.bracketed.around for index in pair}):
        settled_s = stretches[number].start_s + settling.timing.settle_us / 1e6
        first, last = steps.between(settled_s, stretches[number].end_s)
        last -= 1
        if last > first and middle_s[last] > middle_s[first]:
            rise_j = steps.energy_j[last] - steps.energy_j[first]
            powers_w[number] = float(rise_j / (middle_s[last] - middle_s[first]))
    return powers_w


def _distances_s(settling: Settling) -> NDArray[np.float64]:
    """Between consecutive changes, each known to a part of their distance."""
    steps = settling.changes
    distances_s = np.diff(steps.middle_s())
    widths_s = steps.high_s - steps.low_s
    return distances_s[(widths_s[1:] <= SHARP * distances_s) & (widths_s[:-1] <= SHARP * distances_s)]
