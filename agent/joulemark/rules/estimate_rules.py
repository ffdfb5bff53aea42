"""Rules about estimates: processor time times watts, where no counter could be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.energy.foreign_cpu import OWN
from joulemark.rules.finding import Broken, Severity
from joulemark.rules.rule import broken, rule

if TYPE_CHECKING:
    from joulemark.rules.case import Case

LEAST_SHARE = 0.90
"""Of the processor time of the run that an estimate counts. Both are read at other moments, a second apart at most."""
LEAST_MS = 300.0
"""The kernel counts the time of running children in ticks of up to 10 ms."""


@rule(
    "JM-CPU-TIME",
    Severity.QUARANTINE,
    "An estimate counts the whole run",
    condition="The processor time that an estimate counts is at least 90 % (or all but 0.3 s) of what the run and its "
    "child processes took meanwhile",
    mend="Update the agent: it counts the processor time of child processes",
    version="1",
)
def all_processor_time_is_counted(case: Case) -> Broken | None:
    """An estimate counts the processor time of the run and its children, as the gauge beside it shows.

    The watts by which estimates are compared are the platform's (`joulemark.energy.core_watts`, edition of this version
    of the rule), so that no contributor's own watts decide their place.
    """
    watts = case.predicate.sensor.stated_watts
    if case.predicate.sensor.meter != "cpu-time-estimate" or not watts or case.read is None:
        return None
    own = case.read.gauges.named(OWN)
    if own is None:
        return None
    counter = case.read.streams[0].counter
    inside = (own[0] >= counter.t_us[0] / 1e6) & (own[0] <= counter.t_us[-1] / 1e6)
    if inside.sum() < 2:
        return None
    (first_s, last_s), (before_ms, after_ms) = own[0][inside][[0, -1]], own[1][inside][[0, -1]]
    took_ms = float(after_ms - before_ms)
    counted_ms = counter.difference(round(first_s * 1e6), round(last_s * 1e6)).energy_j / watts * 1e3
    if counted_ms >= min(LEAST_SHARE * took_ms, took_ms - LEAST_MS):
        return None
    return broken(
        f"The estimate counts {counted_ms / 1e3:.1f} s of processor time; the run and its child processes took "
        f"{took_ms / 1e3:.1f} s.",
        counted_s=counted_ms / 1e3,
        took_s=took_ms / 1e3,
    )


RULES = (all_processor_time_is_counted,)
