"""Mean power at rest, before and after the windows."""

from __future__ import annotations

from math import fsum, sqrt
from typing import TYPE_CHECKING, get_args

import numpy as np

from joulemark.energy.bracket import SHARP
from joulemark.energy.errors import TraceIncomplete
from joulemark.record.statement import Idle
from joulemark.record.trace import IdleKind
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.energy.streams import ReadStream, Settling
    from joulemark.record.trace import Span, Trace

LEAST_STEPS = 12
"""Changes of the counter in an idle span, each seen sharply, from which its scatter is known to about a quarter."""


def idle_power(trace: Trace, streams: Sequence[ReadStream]) -> Idle | None:
    """Over the run's idle spans, or None when it has none.

    Raises TraceIncomplete when there are some on one side of the windows only.
    """
    before = [span for span in trace.spans if span.kind == "idle-before"]
    after = [span for span in trace.spans if span.kind == "idle-after"]
    if not before and not after:
        return None
    if not before or not after:
        raise TraceIncomplete(_("Idle was read on one side of the windows only; both are needed."))
    return Idle(
        before_w=_mean_w(streams, before),
        after_w=_mean_w(streams, after),
        before_s=fsum(span.seconds for span in before),
        after_s=fsum(span.seconds for span in after),
    )


def difference_u_w(trace: Trace, streams: Sequence[ReadStream]) -> float:
    """Standard uncertainty of the idle powers' difference, from how the counters scatter from step to step.

    Half the mean square of successive differences (von Neumann 1941): power that falls as a card cools hardly counts.
    0 where a counter needs no settling, shows too few steps, or two at one time: nothing is known of it then.
    """
    variances = [
        _variance(stream.settling, span)
        for stream in streams
        if stream.settling is not None
        for span in trace.spans
        if span.kind in get_args(IdleKind)
    ]
    return sqrt(fsum(variances))


def _variance(settling: Settling, span: Span) -> float:
    """Of the mean power over one span, in square watts."""
    steps = settling.changes.sharp(SHARP * settling.timing.period_us / 1e6)
    first, behind = steps.between(span.start_us / 1e6, span.end_us / 1e6)
    if behind - first < LEAST_STEPS:
        return 0.0
    lengths_s = np.diff(steps.middle_s()[first:behind])
    if lengths_s.min() <= 0:
        return 0.0
    powers_w = np.diff(steps.energy_j[first:behind]) / lengths_s
    return float(np.mean(np.diff(powers_w) ** 2)) / 2 / len(powers_w)


def _mean_w(streams: Sequence[ReadStream], spans: Sequence[Span]) -> float:
    """Each counter's rise over the time between the ticks that it is taken from."""
    power_w = 0.0
    for stream in streams:
        rises = [_rise(stream, span) for span in spans]
        seconds = fsum(rise[1] for rise in rises)
        if seconds <= 0:
            raise TraceIncomplete(
                _("Stream {name} has no two ticks around the idle span.").format(name=stream.counter.name)
            )
        power_w += fsum(rise[0] for rise in rises) / seconds
    return power_w


def _rise(stream: ReadStream, span: Span) -> tuple[float, float]:
    """Joules and seconds: between the ticks around the span, or between its changes where the counter settles."""
    if stream.settling is None:
        part = stream.counter.difference(span.start_us, span.end_us)
        return part.energy_j, part.between_ticks_s
    steps = stream.settling.changes
    first, behind = steps.between(span.start_us / 1e6, span.end_us / 1e6)
    if behind - first < 2:
        return 0.0, 0.0
    middle_s, last = steps.middle_s(), behind - 1
    return float(steps.energy_j[last] - steps.energy_j[first]), float(middle_s[last] - middle_s[first])
