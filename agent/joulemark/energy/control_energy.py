"""Energy of the stretches in which a session's control kernel ran, by the estimators that its windows are read by."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, hypot
from typing import TYPE_CHECKING

from msgspec.structs import replace

from joulemark.energy import budget
from joulemark.energy.errors import NotMeasurable
from joulemark.energy.streams import read_streams
from joulemark.record.trace import Queries
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.energy.streams import ReadStream
    from joulemark.record.statement import Sensor
    from joulemark.record.trace import Span, Trace


@dataclass(frozen=True, kw_only=True)
class ControlEnergy:
    """One stretch: seconds, joules, and the relative standard uncertainty of the joules, without the sensor's own."""

    seconds: float
    energy_j: float
    u: float


def control_spans(trace: Trace) -> tuple[Span, ...]:
    """The stretches in which the control kernel ran, in order."""
    return tuple(span for span in trace.spans if span.kind == "control")


def control_energies(trace: Trace, sensor: Sensor) -> tuple[ControlEnergy, ...]:
    """Energy of each `control` span over the streams of the GPU, whatever else the headline covers.

    Each is read as a window is, and windows are then what runs beside. Empty where the trace has no such span. Raises
    EnergyError.
    """
    spans = control_spans(trace)
    if not spans:
        return ()
    streams = read_streams(_with_controls_as_windows(trace, spans), replace(sensor, scope="gpu"))
    return tuple(_energy_of(number, span, streams) for number, span in enumerate(spans))


def _with_controls_as_windows(trace: Trace, spans: tuple[Span, ...]) -> Trace:
    """The same readings, in which controls and windows have changed places; one query lasts a whole control."""
    turned = tuple(_turned(span) for span in trace.spans)
    queries = tuple(Queries(duration_us=(span.end_us - span.start_us,), gap_us=(0,)) for span in spans)
    return replace(trace, spans=turned, queries=queries, population=None, mode="throughput")


def _turned(span: Span) -> Span:
    if span.kind == "control":
        return replace(span, kind="window")
    return replace(span, kind="control") if span.kind == "window" else span


def _energy_of(number: int, span: Span, streams: tuple[ReadStream, ...]) -> ControlEnergy:
    energy_j = fsum(stream.energy_j[number] for stream in streams)
    if energy_j <= 0:
        raise NotMeasurable(
            _("Not measurable: the control kernel has {joules:.4g} J by this energy counter.").format(
                joules=energy_j
            )
        )
    u = 0.0
    for settling in (stream.settling for stream in streams if stream.settling is not None):
        bracketed = settling.bracketed
        own_j = hypot(bracketed.edge_j[number], bracketed.idle_j / len(bracketed.energy_j))
        phase = budget.phase(settling.timing, work_s=span.seconds, times=1)
        u = hypot(u, own_j / energy_j, phase)
    return ControlEnergy(seconds=span.seconds, energy_j=energy_j, u=u)
