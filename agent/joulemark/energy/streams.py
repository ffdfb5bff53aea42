"""The streams of a headline, each read by its estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.energy.bracket import Bracketed, bracket
from joulemark.energy.changes import Changes, changes
from joulemark.energy.counter import Counter, counter
from joulemark.energy.errors import TraceIncomplete, TraceInconsistent
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.record.statement import Sensor
    from joulemark.record.trace import Stream, Timing, Trace

SCOPES: dict[str, frozenset[str]] = {
    "gpu": frozenset({"gpu"}),
    "gpu+cpu+dram": frozenset({"gpu", "cpu", "dram"}),
    "cpu": frozenset({"cpu"}),
    "cpu+dram": frozenset({"cpu", "dram"}),
}
"""Which streams' scopes make up a headline scope."""


@dataclass(frozen=True, kw_only=True)
class Settling:
    """A counter that needs to settle: how it keeps time, when it moved, and its windows by `bracket`."""

    timing: Timing
    changes: Changes
    bracketed: Bracketed


@dataclass(frozen=True, kw_only=True)
class ReadStream:
    """One stream: joules of each window by its estimator. `settling` is None where `counter` is enough."""

    scope: str
    counter: Counter
    energy_j: tuple[float, ...]
    settling: Settling | None


def read_streams(trace: Trace, sensor: Sensor) -> tuple[ReadStream, ...]:
    """Every stream of `sensor.scope`. Raises EnergyError."""
    _refuse_broken(trace)
    scopes = SCOPES[sensor.scope]
    missing = scopes - {str(stream.scope) for stream in trace.streams}
    if missing:
        raise TraceIncomplete(
            _("The scope {scope} needs a stream of {missing}.").format(
                scope=sensor.scope, missing=", ".join(sorted(missing))
            )
        )
    return tuple(_read(trace, stream) for stream in trace.streams if stream.scope in scopes)


def _refuse_broken(trace: Trace) -> None:
    windows = trace.windows()
    if not windows:
        raise TraceIncomplete(_("The trace has no window."))
    if len(windows) != len(trace.queries):
        raise TraceInconsistent(
            _("The trace has {windows} windows and queries for {of_queries}.").format(
                windows=len(windows), of_queries=len(trace.queries)
            )
        )
    for span in trace.spans:
        if span.end_us <= span.start_us:
            raise TraceInconsistent(
                _("A {kind} span ends at {end_us} us, not after its start.").format(
                    kind=span.kind, end_us=span.end_us
                )
            )


def _read(trace: Trace, stream: Stream) -> ReadStream:
    """By `bracket` where the stream's timing is known, else by `counter`."""
    decoded = counter(stream)
    if stream.timing is None:
        spans = trace.windows()
        energy_j = tuple(decoded.difference(span.start_us, span.end_us).energy_j for span in spans)
        return ReadStream(scope=stream.scope, counter=decoded, energy_j=energy_j, settling=None)
    steps = changes(decoded)
    bracketed = bracket(steps, trace, stream.timing)
    return ReadStream(
        scope=stream.scope,
        counter=decoded,
        energy_j=bracketed.energy_j,
        settling=Settling(timing=stream.timing, changes=steps, bracketed=bracketed),
    )
