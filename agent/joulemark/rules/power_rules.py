"""Rules of physics about power: above rest, below the limit, and low in the rests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from joulemark.rules.finding import Broken, Severity
from joulemark.rules.rule import broken, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.record.statement import Predicate
    from joulemark.rules.case import Case

MOST_W = 2000.0
"""Maximum plausible power of one device in watts, whatever limit it states: above any accelerator or CPU of 2026."""

LEAST_W = 0.1
"""Minimum plausible mean power, in watts, of a measured device that answers queries."""

REST_ABOVE_IDLE = 0.25
REST_SHARE = 0.2
"""Directly after work a device may draw this share more than at rest, plus this share of what the work adds."""

POWER_HEADROOM = 1.1
"""Mean power over a window may exceed a device's limit by this factor: limits are regulated, not clipped."""

SHORT_PERIODS = 20
"""In a window of fewer counter periods, one period more or less exceeds the margin of the rules."""


@rule(
    "JM-REST",
    Severity.QUARANTINE,
    "The device rests between windows",
    condition="The device was at rest in the rests beside the windows: work done there is not measured",
    mend="Stop what else uses the device; measure again",
    version="2",
)
def rests_are_rests(case: Case) -> Broken | None:
    """The device was at rest around the windows: work done in a rest is not measured."""
    if case.read is None or case.read.idle is None or not case.read.rests_w:
        return None
    idle_w = max(case.read.idle.before_w, case.read.idle.after_w)
    work_w = max((power_w for _, power_w in powers_w(case.predicate)), default=0.0)
    most_w = idle_w * (1 + REST_ABOVE_IDLE) + REST_SHARE * max(work_w - idle_w, 0.0)
    highest_w = max(case.read.rests_w)
    if highest_w <= most_w:
        return None
    return broken(
        f"In a rest beside a window the device drew {highest_w:.1f} W; at rest it draws {idle_w:.1f} W.",
        power_w=highest_w,
        limit_w=most_w,
        idle_w=idle_w,
    )


@rule(
    "JM-ENERGY-ZERO",
    Severity.REJECT,
    "Energies are finite and positive",
    condition="Every energy is finite and above 0",
    mend=None,
    version="1",
)
def energy_is_positive(case: Case) -> Broken | None:
    """Every window has energy above 0, and every number is finite."""
    totals = case.predicate.totals
    numbers = {f"window {n}": window.energy_gross_j for n, window in enumerate(case.predicate.windows, 1)}
    numbers |= {"energy_per_query_j": totals.energy_per_query_j, "duration_s": totals.duration_s}
    for name, number in numbers.items():
        if not (math.isfinite(number) and number > 0):
            return broken(
                "A window states no energy, or a number that is not finite; a counter that was not read is null, not "
                "0.",
                name=name,
                stated=number,
            )
    return None


@rule(
    "JM-POWER-HIGH",
    Severity.REJECT,
    "Power is below the limit",
    condition="No window draws more than 1.1 x the device's limit, or more than 2,200 W whatever limit it states; a "
    "window shorter than 20 periods of its counter may have one period's energy more",
    mend=None,
    version="7",
)
def power_is_possible(case: Case) -> Broken | None:
    """The mean power of each window is below what the device can draw."""
    limit_w = _limit_w(case.predicate)
    for number, power_w in powers_w(case.predicate):
        if power_w > limit_w * POWER_HEADROOM * (1 + _blur(case, number)):
            return broken(
                f"Window {number} draws {power_w:.1f} W on average; the device draws at most {limit_w:.1f} W.",
                window=number,
                power_w=power_w,
                limit_w=limit_w,
            )
    busy_s = case.busy_s
    totals = case.predicate.totals
    energy_j = totals.energy_per_query_j * totals.queries
    blurred_s = (
        _blur_s(case) * 2 * len(case.predicate.windows) ** 0.5
    )  # at phases by chance, two standard deviations
    if busy_s > 0 and energy_j > (busy_s + blurred_s) * limit_w * POWER_HEADROOM:
        return broken(
            f"The queries used more energy than {limit_w:.1f} W deliver in the {busy_s:.3f} s in which they ran.",
            energy_j=energy_j,
            busy_s=busy_s,
            limit_w=limit_w,
        )
    return None


@rule(
    "JM-POWER-LOW",
    Severity.QUARANTINE,
    "Power is above idle",
    condition="No measured window draws less than 0.95 x idle power, or less than 0.1 W; a window shorter than 20 "
    "periods of its counter may have one period's energy less",
    mend=None,
    version="7",
)
def power_is_above_idle(case: Case) -> Broken | None:
    """No window draws less power than the device at rest, or than any working device."""
    if case.predicate.sensor.grade == "estimated":
        return None
    idle = case.predicate.idle
    floor_w = max(LEAST_W, min(idle.before_w, idle.after_w)) if idle else LEAST_W
    for number, power_w in powers_w(case.predicate):
        if power_w < floor_w * (1 - 0.05 - _blur(case, number)):
            return broken(
                f"Window {number} draws {power_w:.1f} W, less than the {floor_w:.1f} W at rest.",
                window=number,
                power_w=power_w,
                idle_w=floor_w,
            )
    return None


@rule(
    "JM-IDLE-NONE",
    Severity.QUARANTINE,
    "Power at rest was measured",
    condition="A measured energy comes with a measured power at rest",
    mend="Let the run finish",
    version="1",
)
def idle_was_measured(case: Case) -> Broken | None:
    """A measured energy comes with the power at rest, without which the net energy is unknown."""
    if case.predicate.sensor.grade == "measured" and case.predicate.idle is None:
        return broken(
            "Energy was measured, but the power at rest was not.", meter=case.predicate.sensor.meter
        )
    return None


def _blur_s(case: Case) -> float:
    """The longest period of the counters that are read by their changes, in seconds; 0 where there is none."""
    return max(
        (stream.timing.period_us / 1e6 for stream in case.trace.streams if stream.timing is not None),
        default=0.0,
    )


def _blur(case: Case, number: int) -> float:
    """The share by which one period more or less changes a short window's energy. A part-time counter extrapolates from
    the part of a period that it sees, so it may report a burst with four times its energy, or none.
    """
    window = case.predicate.windows[number - 1]
    period_s, lasts_s = _blur_s(case), window.end_s - window.start_s
    return period_s / lasts_s if lasts_s < SHORT_PERIODS * period_s else 0.0


def powers_w(predicate: Predicate) -> Iterator[tuple[int, float]]:
    """(number, mean power in watts) of each window of positive length; another rule rejects any other."""
    for number, window in enumerate(predicate.windows, 1):
        if window.end_s > window.start_s:
            yield number, window.energy_gross_j / (window.end_s - window.start_s)


def _limit_w(predicate: Predicate) -> float:
    """The stated limit in watts; it can only lower `MOST_W`."""
    if predicate.sensor.stated_watts is not None:
        return min(predicate.sensor.stated_watts * predicate.host.cpu_count, MOST_W)
    return min(predicate.device.power_limit_w or MOST_W, MOST_W)
