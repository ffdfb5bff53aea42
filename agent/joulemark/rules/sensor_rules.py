"""Rules about the sensor and the clock: meter, units and timing are consistent, and queries fill their windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.rules.finding import Broken, Severity
from joulemark.rules.recomputed import same
from joulemark.rules.rule import broken, rule

if TYPE_CHECKING:
    from joulemark.record.statement import Predicate
    from joulemark.record.trace import Queries, Span
    from joulemark.rules.case import Case

MAX_CORE_W = 50.0
"""Maximum watts per busy core that an estimate may state; server cores draw 2-15 W at full load."""

LEAST_CORE_W = 0.5
"""Minimum watts per busy core that an estimate may state; a phone's core draws about as much."""

UNITS_PER_JOULE = {"nvml-counter": ("mJ", 1e-3), "rapl": ("uJ", 1e-6)}
"""Unit of each meter's counter, and joules per unit (NVML API reference; Linux powercap documentation)."""

LEAST_FILLED = 0.5
LONG_GAP_S = 0.010
"""In throughput mode queries run back to back, so their latencies fill the window. The agent's own work between two
queries takes about 0.1 ms. If the mean gap exceeds 10 ms, and the gaps together exceed the queries, something that was
not timed ran in the window."""


@rule(
    "JM-SENSOR",
    Severity.REJECT,
    "Meter, unit and grade agree",
    condition="Meter, unit, scope and grade are consistent; an estimate is never presented as a measurement",
    mend=None,
    version="1",
)
def sensor_is_consistent(case: Case) -> Broken | None:
    """Meter, grade, unit, scope and device kind are consistent: an estimate is never presented as a measurement."""
    sensor, streams = case.predicate.sensor, case.trace.streams
    kind, on_gpu = case.predicate.device.kind, "gpu" in sensor.scope
    if on_gpu != (sensor.meter == "nvml-counter") or on_gpu != (kind == "gpu"):
        return broken(
            f"The meter {sensor.meter} on a {kind} does not read the scope {sensor.scope}.",
            meter=sensor.meter,
            device=kind,
            scope=sensor.scope,
        )
    if sensor.meter == "cpu-time-estimate":
        return _estimate_fault(case.predicate, {(s.unit, s.joules_per_unit) for s in streams})
    unit = UNITS_PER_JOULE[sensor.meter]
    if sensor.grade != "measured" or sensor.stated_watts is not None:
        return broken(
            f"The meter {sensor.meter} measures; it has no stated watts and no other grade.",
            meter=sensor.meter,
            grade=sensor.grade,
            stated_watts=sensor.stated_watts,
        )
    counted = {(s.unit, s.joules_per_unit) for s in streams if s.scope in sensor.scope.split("+")}
    if counted != {unit}:
        return broken(
            f"The meter {sensor.meter} counts in {unit[0]}; the trace states {sorted(counted)}.",
            meter=sensor.meter,
            unit=unit[0],
            stated=", ".join(sorted(name for name, _ in counted)),
        )
    return None


def _estimate_fault(predicate: Predicate, counted: set[tuple[str, float]]) -> Broken | None:
    watts = predicate.sensor.stated_watts
    if predicate.sensor.grade != "estimated" or watts is None or not predicate.sensor.stated_watts_source:
        return broken(
            "An estimate must be graded as one, and must state its watts and their source.",
            grade=predicate.sensor.grade,
            stated_watts=watts,
        )
    if not LEAST_CORE_W <= watts <= MAX_CORE_W:
        return broken(
            f"An estimate states {watts} W per busy core; {LEAST_CORE_W} to {MAX_CORE_W} W are accepted.",
            stated_watts=watts,
            least_w=LEAST_CORE_W,
            most_w=MAX_CORE_W,
        )
    units = sorted(counted)
    if len(units) != 1 or units[0][0] != "cpu-us" or not same(units[0][1], watts * 1e-6):
        return broken(
            "The trace of an estimate must count CPU microseconds at the stated watts.",
            stated_watts=watts,
            units=", ".join(name for name, _ in units),
        )
    return None


@rule(
    "JM-SPANS",
    Severity.REJECT,
    "Nothing is counted twice",
    condition="Idle, warm-up and windows follow one another without overlap",
    mend=None,
    version="1",
)
def spans_follow_one_another(case: Case) -> Broken | None:
    """Idle, warm-up and windows are in order and do not overlap: no time is counted twice."""
    end_us = 0
    for span in case.trace.spans:
        if not end_us <= span.start_us < span.end_us:
            return broken(
                f"The {span.kind} span that starts at {span.start_us} us overlaps another or has no length.",
                kind=span.kind,
                start_us=span.start_us,
                end_us=span.end_us,
                before_end_us=end_us,
            )
        end_us = span.end_us
    return None


@rule(
    "JM-LATENCY",
    Severity.REJECT,
    "Queries fit their window",
    condition="Queries run one after the other inside their window",
    mend=None,
    version="2",
)
def latencies_fit(case: Case) -> Broken | None:
    """Queries run one after the other inside their window."""
    for number, (span, queries) in enumerate(zip(case.trace.windows(), case.trace.queries, strict=False), 1):
        if fault := _fault_of(number, span, queries):
            return fault
    return None


def _fault_of(number: int, span: Span, queries: Queries) -> Broken | None:
    """A window whose queries do not fit it. A negative gap is an overlap: a gap is from one query's end to the next."""
    column = queries.gap_us or queries.start_us
    if len(column) != len(queries.duration_us) or (queries.start_us and queries.gap_us):
        return broken(
            f"Window {number} has {len(column)} starts for {len(queries.duration_us)} durations.",
            window=number,
            starts=len(column),
            durations=len(queries.duration_us),
        )
    if queries.gap_us:
        end_us = span.start_us + sum(queries.gap_us) + sum(queries.duration_us)
        overlap = min(queries.gap_us) < 0
    else:
        starts_us = queries.starts_us(span.start_us)
        ends_us = [start + length for start, length in zip(starts_us, queries.duration_us, strict=True)]
        end_us = ends_us[-1] if ends_us else span.start_us
        before_us = (span.start_us, *ends_us)
        overlap = any(start < before for start, before in zip(starts_us, before_us, strict=False))
    if overlap or min(queries.duration_us, default=1) <= 0:
        return broken(
            f"Window {number} has queries that overlap, precede it or take no time.",
            window=number,
            queries=len(queries.duration_us),
        )
    if end_us > span.end_us:
        return broken(
            f"Window {number} ends before its last query does.",
            window=number,
            end_us=span.end_us,
            last_end_us=end_us,
        )
    return None


@rule(
    "JM-LATENCY-SUM",
    Severity.QUARANTINE,
    "Latencies fill their window",
    condition="In throughput mode the latencies of a window sum to at least half of its length, unless the gaps "
    "between them are 10 ms or less: the energy of a window is that of its queries",
    mend="Remove what answers in place of the model or runs between queries; measure again",
    version="4",
)
def latencies_fill_their_window(case: Case) -> Broken | None:
    """If queries take a small part of their window, most of its energy was drawn by something that was not timed."""
    if case.trace.mode != "throughput":
        return None
    for number, (span, queries) in enumerate(zip(case.trace.windows(), case.trace.queries, strict=False), 1):
        busy_s, count = sum(queries.duration_us) / 1e6, len(queries.duration_us)
        left_s = span.seconds - busy_s
        if busy_s < LEAST_FILLED * span.seconds and left_s > LONG_GAP_S * max(count, 1):
            return broken(
                f"The {count} queries of window {number} take {busy_s:.3f} s of its {span.seconds:.3f} s.",
                window=number,
                busy_s=busy_s,
                window_s=span.seconds,
                queries=count,
            )
    return None


@rule(
    "JM-TIMING",
    Severity.QUARANTINE,
    "Timing matches the trace",
    condition="The stated timing of the counter matches its steps in the rests, and its delay is consistent with it",
    mend="Run `joulemark doctor` again, then measure again",
    version="2",
)
def timing_fits_the_trace(case: Case) -> Broken | None:
    """The counter's stated period matches its steps in the rests, and its delay fits its settling time."""
    if case.read is None:
        return None  # trace_is_complete says so
    on_gpu = [stream for stream in case.trace.streams if stream.scope == "gpu"]
    for stream in on_gpu:
        timing = stream.timing
        if timing is None:
            return broken(
                f'Stream "{stream.name}" does not state the timing of its counter.', stream=stream.name
            )
        seen_us = case.read.periods_us.get(stream.name)
        if seen_us is not None and not seen_us / 2 <= timing.period_us <= seen_us * 2:
            return broken(
                f'Stream "{stream.name}" states a period of {timing.period_us} us; it moves every {seen_us} us.',
                stream=stream.name,
                period_us=timing.period_us,
                seen_us=seen_us,
            )
        if not -timing.period_us <= timing.delay_us <= timing.settle_us + timing.period_us:
            return broken(
                f'Stream "{stream.name}" cannot have a delay of {timing.delay_us} us and settle in '
                f"{timing.settle_us} us.",
                stream=stream.name,
                delay_us=timing.delay_us,
                settle_us=timing.settle_us,
                period_us=timing.period_us,
            )
    return None
