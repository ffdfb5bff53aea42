"""What the windows of latency mode draw between their queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.energy.errors import TraceIncomplete
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.energy.streams import ReadStream
    from joulemark.record.trace import Trace


@dataclass(frozen=True, kw_only=True)
class PauseEnergy:
    """The pauses of one window together: joules, and how far that may be off (standard uncertainty)."""

    energy_j: float
    u_j: float


def pauses(trace: Trace, streams: Sequence[ReadStream]) -> tuple[PauseEnergy, ...]:
    """One for each window; in throughput there are none.

    The power at rest lies between those just before and just behind the window, anywhere (rectangular).
    Raises TraceIncomplete for a counter whose power at rest is not known.
    """
    if trace.mode == "throughput":
        return (PauseEnergy(energy_j=0.0, u_j=0.0),) * len(trace.queries)
    by_window = []
    for number, (span, queries) in enumerate(zip(trace.windows(), trace.queries, strict=True)):
        seconds = span.seconds - sum(queries.duration_us) / 1e6
        energy_j = u_j = 0.0
        for stream in streams:
            if stream.settling is None:
                raise TraceIncomplete(
                    _("Stream {name} cannot tell pauses from work: no timing.").format(
                        name=stream.counter.name
                    )
                )
            read = stream.settling.bracketed
            before, after = read.around[number]
            first_w = read.rest.power_w(before, span.start_us / 1e6)
            last_w = read.rest.power_w(after, span.end_us / 1e6)
            energy_j += seconds * (first_w + last_w) / 2
            u_j += seconds * abs(first_w - last_w) / 12**0.5
        by_window.append(PauseEnergy(energy_j=energy_j, u_j=u_j))
    return tuple(by_window)
