"""Rules about energy: every number is recomputed from the trace; a stated total is never believed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from joulemark.energy.errors import EnergyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from joulemark.record.statement import Predicate
    from joulemark.rules.case import Case

TOLERANCE = 1e-6
"""Relative difference that rounding may cause between a stated number and the recomputed one."""

MAX_CORE_W = 50.0
"""Most watts per busy core that an estimate may state; server cores take 2-15 W at full load."""

LEAST_CORE_W = 0.5
"""Least watts per busy core that an estimate may state; a phone's core takes about as much."""

MOST_W = 2000.0
"""Most watts believed of one device, whatever limit it states: above any accelerator or CPU package of 2026."""

LEAST_W = 0.1
"""Least mean power believed of a measured device that answers queries."""

REST_ABOVE_IDLE = 0.25
REST_SHARE = 0.2
"""Right after work a device may take so much more than at rest, and that share of what the work adds to it."""

POWER_HEADROOM = 1.1
"""Mean power over a window may exceed a device's limit by this factor: limits are regulated, not clipped."""

UNITS_PER_JOULE = {"nvml-counter": ("mJ", 1e-3), "rapl": ("uJ", 1e-6)}
"""What a real counter counts in, by meter (NVML API reference; Linux powercap documentation)."""


def trace_is_complete(case: Case) -> str | None:
    """Energies can be computed from the trace at all: ticks bracket every window, counters run forward."""
    if isinstance(case.energy, EnergyError):
        return f"No energy can be computed from the trace: {case.energy}"
    return None


def windows_are_recomputed(case: Case) -> str | None:
    """Stated windows are those of the trace: times, queries, gross and net energy."""
    if isinstance(case.energy, EnergyError):
        return None  # trace_is_complete says so
    found = case.energy.windows
    if len(found) != len(case.said.windows):
        return f"The statement has {len(case.said.windows)} windows, the trace has {len(found)}."
    for number, (stated, traced) in enumerate(zip(case.said.windows, found, strict=True), 1):
        pairs = (
            ("start_s", stated.start_s, traced.start_s),
            ("end_s", stated.end_s, traced.end_s),
            ("queries", stated.queries, traced.queries),
            ("energy_gross_j", stated.energy_gross_j, traced.gross_j),
            ("energy_net_j", stated.energy_net_j, traced.net_j),
        )
        for name, said, recomputed in pairs:
            if not _same(said, recomputed):
                return f"Window {number} states {name} = {said}; its trace gives {recomputed}."
    return None


def totals_are_recomputed(case: Case) -> str | None:
    """Stated totals and idle power are those of the trace."""
    if isinstance(case.energy, EnergyError):
        return None  # trace_is_complete says so
    found, idle = case.energy.totals, case.energy.idle
    for name in found.__struct_fields__:
        said, recomputed = getattr(case.said.totals, name), getattr(found, name)
        if not _same(said, recomputed):
            return f"The total {name} is stated as {said}; the trace gives {recomputed}."
    stated = case.said.idle
    if (stated is None) != (idle is None):
        return "Idle power is stated without idle spans in the trace, or left out in spite of them."
    if stated is not None and idle is not None:
        for name in idle.__struct_fields__:
            if not _same(getattr(stated, name), getattr(idle, name)):
                return f"Idle {name} is stated as {getattr(stated, name)}; the trace gives {getattr(idle, name)}."
    return None


def uncertainty_is_recomputed(case: Case) -> str | None:
    """Stated estimators and uncertainty budget are those of the trace."""
    if isinstance(case.energy, EnergyError):
        return None  # trace_is_complete says so
    found = case.energy
    stated = case.said
    states_nothing = not (stated.estimates or stated.not_estimated or stated.budget)
    if states_nothing and all(stream.timing is None for stream in case.trace.streams):
        return None  # an agent from before the bracket stated one estimator and no budget
    if set(case.said.estimates) != set(found.estimates) or case.said.not_estimated != found.not_estimated:
        return f"The estimators are stated as {_names(case.said.estimates)}; the trace gives {_names(found.estimates)}."
    for name, value in found.estimates.items():
        if not _same(case.said.estimates[name], value):
            return f"The estimator {name} is stated as {case.said.estimates[name]}; the trace gives {value}."
    if [(term.name, term.kind) for term in case.said.budget] != [(t.name, t.kind) for t in found.budget]:
        return "The uncertainty budget has other terms than the trace gives."
    for said, term in zip(case.said.budget, found.budget, strict=True):
        if abs(said.relative - term.relative) > TOLERANCE:
            return f"The uncertainty term {term.name} is stated as {said.relative}; the trace gives {term.relative}."
    return None


def flags_are_recomputed(case: Case) -> str | None:
    """Every flag that the trace shows is stated: foreign processes, slow clocks, changed limits and the like."""
    if isinstance(case.energy, EnergyError):
        return None  # trace_is_complete says so
    hidden = sorted(set(case.energy.flags) - set(case.said.flags))
    return f"The trace shows what the run does not state: {', '.join(hidden)}." if hidden else None


def energy_is_positive(case: Case) -> str | None:
    """Every window took some energy, and every number is finite."""
    numbers = [window.energy_gross_j for window in case.said.windows]
    numbers += [case.said.totals.energy_per_query_j, case.said.totals.duration_s]
    if not all(math.isfinite(number) and number > 0 for number in numbers):
        return "A window states no energy, or a number that is not finite; a counter that was not read is null, not 0."
    return None


def power_is_possible(case: Case) -> str | None:
    """Mean power of each window is below what the device can draw."""
    limit_w = _limit_w(case.said)
    for number, power_w in _powers(case.said):
        if power_w > limit_w * POWER_HEADROOM:
            return (
                f"Window {number} takes {power_w:.1f} W on average; the device draws at most {limit_w:.1f} W."
            )
    busy_s = sum(sum(queries.duration_us) for queries in case.trace.queries) / 1e6
    totals = case.said.totals
    if busy_s > 0 and totals.energy_per_query_j * totals.queries > busy_s * limit_w * POWER_HEADROOM:
        return (
            f"The queries take more energy than {limit_w:.1f} W give in the {busy_s:.3f} s in which they ran."
        )
    return None


def idle_was_measured(case: Case) -> str | None:
    """Whoever can measure energy has measured it at rest too: without that, nothing says what the work added."""
    if case.said.sensor.grade == "measured" and case.said.idle is None:
        return "Energy was measured, but not the device at rest."
    return None


def rests_are_rests(case: Case) -> str | None:
    """Around the windows the device rested: work that goes on in a rest is work that is not counted."""
    if isinstance(case.energy, EnergyError) or case.energy.idle is None or not case.energy.rests_w:
        return None
    idle_w = max(case.energy.idle.before_w, case.energy.idle.after_w)
    work_w = max(power_w for _, power_w in _powers(case.said))
    most_w = idle_w * (1 + REST_ABOVE_IDLE) + REST_SHARE * max(work_w - idle_w, 0.0)
    highest_w = max(case.energy.rests_w)
    if highest_w > most_w:
        return (
            f"In a rest beside a window the device took {highest_w:.1f} W; at rest it takes {idle_w:.1f} W."
        )
    return None


def timing_fits_the_trace(case: Case) -> str | None:
    """How the counter is said to keep time is how it does: its period is seen in the rests, its delay is below that."""
    if isinstance(case.energy, EnergyError):
        return None  # trace_is_complete says so
    on_gpu = [stream for stream in case.trace.streams if stream.scope == "gpu"]
    for stream in on_gpu:
        timing = stream.timing
        if timing is None:
            return f"Stream {stream.name} does not say how its counter keeps time."
        seen_us = case.energy.periods_us.get(stream.name)
        if seen_us is not None and not seen_us / 2 <= timing.period_us <= seen_us * 2:
            return f"Stream {stream.name} is said to move every {timing.period_us} us; it moves every {seen_us} us."
        if not -timing.period_us <= timing.delay_us <= timing.settle_us + timing.period_us:
            return f"Stream {stream.name} cannot tell {timing.delay_us} us late and settle in {timing.settle_us} us."
    return None


def power_is_above_idle(case: Case) -> str | None:
    """No window takes less power than the device at rest, or than any device that works."""
    if case.said.sensor.grade == "estimated":
        return None
    idle = case.said.idle
    floor_w = max(LEAST_W, min(idle.before_w, idle.after_w)) if idle else LEAST_W
    for number, power_w in _powers(case.said):
        if power_w < floor_w * (1 - 0.05):
            return f"Window {number} takes {power_w:.1f} W, less than the {floor_w:.1f} W at rest."
    return None


def spans_follow_one_another(case: Case) -> str | None:
    """Idle, warm-up and windows are in order and do not overlap: no stretch is counted twice."""
    end_us = 0
    for span in case.trace.spans:
        if not end_us <= span.start_us < span.end_us:
            return (
                f"The {span.kind} span that starts at {span.start_us} us overlaps another or takes no time."
            )
        end_us = span.end_us
    return None


def latencies_fit(case: Case) -> str | None:
    """Queries run one after the other inside their window."""
    for number, (span, queries) in enumerate(zip(case.trace.windows(), case.trace.queries, strict=False), 1):
        starts = queries.starts_us(span.start_us)
        if len(starts) != len(queries.duration_us) or (queries.start_us and queries.gap_us):
            return f"Window {number} has {len(starts)} starts for {len(queries.duration_us)} durations."
        end = span.start_us
        for start, duration in zip(starts, queries.duration_us, strict=True):
            if start < end or duration <= 0:
                return f"Window {number} has queries that overlap, come before it or take no time."
            end = start + duration
        if end > span.end_us:
            return f"Window {number} ends before its last query does."
    return None


def sensor_is_consistent(case: Case) -> str | None:
    """Meter, grade, unit, scope and device kind belong together: an estimate never looks like a measurement."""
    sensor, streams = case.said.sensor, case.trace.streams
    kind, on_gpu = case.said.device.kind, "gpu" in sensor.scope
    if on_gpu != (sensor.meter == "nvml-counter") or on_gpu != (kind == "gpu"):
        return f"The meter {sensor.meter} on a {kind} does not read the scope {sensor.scope}."
    if sensor.meter == "cpu-time-estimate":
        return _estimate_fault(case.said, {(s.unit, s.joules_per_unit) for s in streams})
    unit = UNITS_PER_JOULE[sensor.meter]
    if sensor.grade != "measured" or sensor.stated_watts is not None:
        return f"The meter {sensor.meter} measures; stated watts or another grade do not belong to it."
    counted = {(s.unit, s.joules_per_unit) for s in streams if s.scope in sensor.scope.split("+")}
    if counted != {unit}:
        return f"The meter {sensor.meter} counts in {unit[0]}; the trace says {sorted(counted)}."
    return None


def _estimate_fault(said: Predicate, counted: set[tuple[str, float]]) -> str | None:
    watts = said.sensor.stated_watts
    if said.sensor.grade != "estimated" or watts is None or not said.sensor.stated_watts_source:
        return "An estimate must be graded as one, and must state its watts and their source."
    if not LEAST_CORE_W <= watts <= MAX_CORE_W:
        return f"An estimate states {watts} W per busy core; {LEAST_CORE_W} to {MAX_CORE_W} W are believed."
    if (
        len(counted) != 1
        or next(iter(counted))[0] != "cpu-us"
        or not _same(next(iter(counted))[1], watts * 1e-6)
    ):
        return "The trace of an estimate must count CPU microseconds at the stated watts."
    return None


def _limit_w(said: Predicate) -> float:
    """A limit that is stated lowers what is believed, and never raises it."""
    if said.sensor.stated_watts is not None:
        return min(said.sensor.stated_watts * said.host.cpu_count, MOST_W)
    return min(said.device.power_limit_w or MOST_W, MOST_W)


def _powers(said: Predicate) -> Iterator[tuple[int, float]]:
    """(number, mean power in watts) of each window that lasts; one that does not is broken by another rule."""
    for number, window in enumerate(said.windows, 1):
        if window.end_s > window.start_s:
            yield number, window.energy_gross_j / (window.end_s - window.start_s)


def _same(stated: float | None, recomputed: float | None) -> bool:
    if stated is None or recomputed is None:
        return stated is recomputed
    return math.isclose(stated, recomputed, rel_tol=TOLERANCE, abs_tol=1e-9)


def _names(estimates: Mapping[str, float]) -> str:
    return ", ".join(sorted(estimates)) or "none"
