"""Rules about the texture of a GPU's trace: noise, steps and states of real sensors, which invented traces lack.

All of them quarantine: an unfamiliar sensor may look implausible, and a moderator can decide. Each threshold is far
from what any sensor or card does; `make false-alarms` counts how often honest sessions exceed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.percentiles import median
from joulemark.rules.finding import Broken, Severity
from joulemark.rules.power_rules import powers_w
from joulemark.rules.rule import broken, rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from joulemark.energy.analysis import Analysis
    from joulemark.energy.streams import ReadStream
    from joulemark.rules.case import Case

LEAST_TICKS = 50
"""Minimum count of numbers whose pattern is judged: the chance that this many honest numbers are all even is 2**-50."""

ROUND_US = 10
"""Real readings have arbitrary times; if all are multiples of 10 us apart, they were made up."""

LEAST_STEPS = 20
SMOOTH_SHARE = 0.95
SMOOTH_UNITS = 2
"""Rounding alone changes the second difference of a counter by 2 units at most. A sensor that updates only once in ten
steps still changes it in a fifth of them."""

FINE_UNITS = 10_000
"""Steps are summed to this many units before they are compared, so that noise of 2 in 10,000 is visible. Power readings
of these cards fluctuate by 0.1 W and more (Yang, Adamek, Armour, arXiv 2312.02741), a hundredth of their power at
rest."""

LEAST_QUERIES = 30
SAME_WITHIN_US = 2
SAME_WITHIN = 1e-6
"""On a real machine latencies differ by more than the clock's microsecond, mean powers of windows by more than 1e-6."""

IDLE_WITHIN = 0.005
"""Work adds more than 0.5 % to the power at rest: higher clocks alone do."""

LEAST_LOAD_W = 100.0
LEAST_LOOKS = 30
"""A die that draws 100 W more is warmer: the best cold plates have 0.02 K/W, and temperature is read in whole degrees.
"""

LEAST_LOAD_S = 5.0
"""Warming takes time: 500 J heat half a kilogram of copper by 2.6 K, and a burst of 30 ms at 300 W has 9 J."""

LEAST_PERIODS = 5
"""A part-time counter may miss work shorter than a few of its periods: it then rises as at rest."""

LEAST_C, MOST_C = -10, 125
JUMP_C = 40
JUMP_WITHIN_S = 2.0
"""Die and heat spreader warm by some ten degrees a second at most."""

CLOCK_WITHIN = 1.02
GPU_IDLE = 0x01
WORKS_ABOVE = 1.5
"""nvmlClocksEventReasonGpuIdle means that nothing runs and the clocks fall; a card that draws 1.5 times its power at
rest is working."""

REST_DISAGREE = 0.20
AVERAGE_DISAGREE = 0.10
INSTANT_DISAGREE = 0.25
LEAST_READINGS = 50
LEAST_AT_REST = 20
AVERAGE_S = 1.0
LATEST_S = 1.5
"""Readings this soon after a window's start may still reflect the rest before it; no slower sensor is assumed."""
LEAST_APART_W = 3.0
"""Tolerated difference between the mean power reading and the counter. A part-time sensor synchronous with the queries
may be off by a quarter of their ripple; means of a second are synchronous with nothing. At rest there are few readings,
and on a small card few watts."""


@rule(
    "JM-NOISE",
    Severity.QUARANTINE,
    "Readings have noise",
    condition="Times between readings have no common factor of 10 us or more; the GPU's counter has no common "
    "factor and, in the rests, more noise than rounding; neither latencies nor mean powers of windows are all equal",
    mend="Measure again with an unchanged agent and driver",
    version="4",
)
def numbers_have_noise(case: Case) -> Broken | None:
    """Real sensor readings and times have noise in their low digits; invented ones often do not."""
    board = case.board
    if board is None or case.read is None:
        return None
    return (
        _round_times(board)
        or _common_factor(case.read, board)
        or _smooth(board)
        or _same_latencies(case.read)
        or _same_powers(case)
    )


def _round_times(board: ReadStream) -> Broken | None:
    apart_us = np.diff(board.counter.t_us)
    apart_us = apart_us[apart_us > 0]
    if len(apart_us) < LEAST_TICKS or (quantum := int(np.gcd.reduce(apart_us))) < ROUND_US:
        return None
    return broken(
        f"All {len(apart_us)} readings are multiples of {quantum} us apart.",
        quantum_us=quantum,
        readings=len(apart_us),
    )


def _common_factor(analysis: Analysis, board: ReadStream) -> Broken | None:
    """A multiplied trace has the factor in every number; power readings, where present, share it."""
    rises = np.diff(board.counter.units)
    rises = rises[rises > 0]
    if len(rises) < LEAST_TICKS or (factor := int(np.gcd.reduce(rises))) < 2:
        return None
    power = analysis.gauges.named("gpu-power-instant")
    if power is not None and int(np.gcd.reduce(np.append(power[1].astype(np.int64), factor))) < 2:
        return None
    return broken(
        f"All {len(rises)} rises of the energy counter are multiples of {factor} of its units.",
        factor=factor,
        rises=len(rises),
    )


def _smooth(board: ReadStream) -> Broken | None:
    """Checks second differences of the counter's steps in the rests, where consecutive steps are one period each."""
    bends = _bends(board)
    if len(bends) < LEAST_STEPS:
        return None
    share = float(np.mean(np.abs(bends) <= SMOOTH_UNITS))
    if share < SMOOTH_SHARE:
        return None
    return broken(
        f"In the rests the energy counter rises without noise: {share:.0%} of its steps differ from the step before by "
        f"{SMOOTH_UNITS} units or less.",
        share=share,
        steps=len(bends),
    )


def _bends(board: ReadStream) -> NDArray[np.float64]:
    """Differences, in units, between consecutive stretches of equally many steps in a rest."""
    if board.settling is None or len(board.settling.changes.energy_j) < LEAST_STEPS:
        return np.empty(0)
    changes, stretches = board.settling.changes, board.settling.bracketed.rest.stretches
    at_s, settle_s = changes.middle_s(), board.settling.timing.settle_us / 1e6
    units = changes.energy_j / board.counter.joules_per_unit
    starts, ends = (np.array([getattr(span, name) for span in stretches]) for name in ("start_s", "end_s"))
    stretch = np.searchsorted(starts, at_s, side="right") - 1
    stretch[(at_s < starts[stretch] + settle_s) | (at_s > ends[stretch])] = -1
    size = _steps_of((units[1:] - units[:-1])[stretch[1:] >= 0], FINE_UNITS)
    if not 0 < size < len(units) // 2:
        return np.empty(0)
    periods = at_s / (board.settling.timing.period_us / 1e6)
    regular = (stretch[size:] == stretch[:-size]) & (stretch[size:] >= 0)
    regular &= np.abs(periods[size:] - periods[:-size] - size) < 0.25
    rise = units[size:] - units[:-size]
    bends: NDArray[np.float64] = (rise[size:] - rise[:-size])[regular[size:] & regular[:-size]]
    return bends


def _steps_of(rises: NDArray[np.float64], units: int) -> int:
    """The number of typical steps that sum to this many units; 0 where there are none."""
    typical = median(rises) if len(rises) else 0.0
    return int(np.ceil(units / typical)) if typical > 0 else 0


def _same_latencies(analysis: Analysis) -> Broken | None:
    latencies_us = analysis.latencies_s * 1e6
    if len(latencies_us) < LEAST_QUERIES or float(np.ptp(latencies_us)) > SAME_WITHIN_US:
        return None
    return broken(
        f"All {len(latencies_us)} queries took {latencies_us[0]:.0f} us.",
        latency_us=float(latencies_us[0]),
        queries=len(latencies_us),
    )


def _same_powers(case: Case) -> Broken | None:
    powers = [power_w for _, power_w in powers_w(case.predicate)]
    if len(powers) < 3 or max(powers) - min(powers) > SAME_WITHIN * max(powers):
        return None
    return broken(
        f"All {len(powers)} windows draw {powers[0]:.6g} W.", power_w=powers[0], windows=len(powers)
    )


@rule(
    "JM-CONSTANT",
    Severity.QUARANTINE,
    "Sensors respond to the load",
    condition="The GPU's counter rises faster at work than at rest, and not by a constant amount; power readings "
    "change; a card that draws 100 W more in windows of 5 s or longer warms by a degree",
    mend="Reinstall the NVIDIA driver; measure again",
    version="7",
)
def sensors_sense(case: Case) -> Broken | None:
    """Rejects a library that returns constants, or one rate for work and rest."""
    board, analysis = case.board, case.read
    if board is None or analysis is None:
        return None
    rises = np.diff(board.counter.units)
    rises = rises[rises > 0]
    if len(rises) >= LEAST_TICKS and int(np.ptp(rises)) <= 1:
        return broken(
            f"Each of {len(rises)} rises of the energy counter is {int(rises[0])} units.",
            units=int(rises[0]),
            rises=len(rises),
        )
    for name in ("gpu-power-instant", "gpu-power-average"):
        read = analysis.gauges.named(name)
        if read is not None and len(read[1]) >= LEAST_TICKS and not np.ptp(read[1]):
            return broken(
                f"Each of {len(read[1])} readings of {name} is {read[1][0]:.0f}.",
                gauge=name,
                value=float(read[1][0]),
                readings=len(read[1]),
            )
    return _one_rate(case, analysis) or _one_temperature(case, analysis)


def _one_rate(case: Case, analysis: Analysis) -> Broken | None:
    if analysis.idle is None:
        return None
    idle_w = (analysis.idle.before_w + analysis.idle.after_w) / 2
    powers = [power_w for _, power_w in powers_w(case.predicate)]
    if not powers or any(abs(power_w - idle_w) > IDLE_WITHIN * idle_w for power_w in powers):
        return None
    periods_s = [stream.timing.period_us / 1e6 for stream in case.trace.streams if stream.timing is not None]
    if case.busy_s < LEAST_PERIODS * len(powers) * max(periods_s, default=0.0):
        return None
    return broken(
        f"The counter rises by {powers[0]:.3f} W at work and by {idle_w:.3f} W at rest.",
        power_w=powers[0],
        idle_w=idle_w,
    )


def _one_temperature(case: Case, analysis: Analysis) -> Broken | None:
    read = analysis.gauges.named("gpu-temperature")
    if read is None or analysis.idle is None or len(read[1]) < LEAST_LOOKS or np.ptp(read[1]):
        return None
    lasting = (
        power_w
        for number, power_w in powers_w(case.predicate)
        if case.predicate.windows[number - 1].end_s - case.predicate.windows[number - 1].start_s
        >= LEAST_LOAD_S
    )
    load_w = max(lasting, default=0.0) - analysis.idle.before_w
    if load_w < LEAST_LOAD_W:
        return None
    return broken(
        f"All {len(read[1])} temperature readings are {read[1][0]:.0f} C, while the GPU drew {load_w:.0f} W more at "
        "work.",
        temperature_c=float(read[1][0]),
        looks=len(read[1]),
        load_w=load_w,
    )


@rule(
    "JM-COHERENT",
    Severity.QUARANTINE,
    "The GPU's state fits the load",
    condition="The GPU's temperature is plausible for silicon and does not jump by more than 40 C in 2 s; while the "
    "card works, its clock reasons or utilisation, where read, do not all say that it is idle, and its clock is not "
    "above its model's maximum",
    mend="Reinstall the NVIDIA driver; measure again",
    version="4",
)
def states_fit_the_load(case: Case) -> Broken | None:
    """Temperature, clock event reasons, clocks and utilisation are plausible for a card under this load."""
    analysis = case.read
    if case.board is None or analysis is None:
        return None
    return (
        _impossible_temperature(analysis)
        or _idle_at_work(case, analysis)
        or _clocked_too_high(case, analysis)
    )


def _impossible_temperature(analysis: Analysis) -> Broken | None:
    read = analysis.gauges.named("gpu-temperature")
    if read is None:
        return None
    at_s, celsius = read
    outside = celsius[(celsius < LEAST_C) | (celsius > MOST_C)]
    if len(outside):
        return broken(
            f"The stated GPU temperature of {outside[0]:.0f} C is impossible.",
            temperature_c=float(outside[0]),
        )
    jumps = np.abs(np.diff(celsius)) * (np.diff(at_s) <= JUMP_WITHIN_S)
    highest = float(jumps.max(initial=0.0))
    if highest <= JUMP_C:
        return None
    return broken(
        f"The GPU's temperature jumped by {highest:.0f} C within {JUMP_WITHIN_S:.0f} s.",
        jump_c=highest,
        limit_c=JUMP_C,
    )


def _idle_at_work(case: Case, analysis: Analysis) -> Broken | None:
    """Applies to throughput only: in latency mode readings fall into the pauses."""
    if analysis.idle is None or case.trace.mode != "throughput":
        return None
    power_w = max((power_w for _, power_w in powers_w(case.predicate)), default=0.0)
    if power_w < WORKS_ABOVE * analysis.idle.before_w:
        return None
    for name, resting in (("gpu-throttle", "idle"), ("gpu-utilisation", "unused")):
        read = analysis.gauges.named(name)
        seen = case.in_windows(read).astype(np.int64) if read is not None else np.empty(0, dtype=np.int64)
        at_work = seen & GPU_IDLE == 0 if name == "gpu-throttle" else seen > 0
        if len(seen) >= LEAST_LOOKS // 3 and not at_work.any():
            return broken(
                f"In all {len(seen)} readings during the windows the GPU was {resting}, while it drew {power_w:.0f} W.",
                gauge=name,
                looks=len(seen),
                power_w=power_w,
                idle_w=analysis.idle.before_w,
            )
    return None


def _clocked_too_high(case: Case, analysis: Analysis) -> Broken | None:
    read, most_mhz = analysis.gauges.named("gpu-sm-clock"), case.gpu.max_sm_mhz if case.gpu else None
    if read is None or most_mhz is None or read[1].max() <= CLOCK_WITHIN * most_mhz:
        return None
    return broken(
        f"The GPU's clock was at {read[1].max():.0f} MHz; the maximum of its model is {most_mhz:.0f} MHz.",
        clock_mhz=float(read[1].max()),
        most_mhz=most_mhz,
    )


@rule(
    "JM-COUNTER-POWER",
    Severity.QUARANTINE,
    "Counter and power agree",
    condition="The GPU's power readings and its energy counter agree: in windows within 25 %, by means of a second "
    "within 10 %, at rest within 20 %, or within 3 W, where both were read often enough after the sensor had settled",
    mend="Reinstall the NVIDIA driver; measure again",
    version="5",
)
def counter_and_power_agree(case: Case) -> Broken | None:
    """The two readings of one power agree, in windows of any length and at rest."""
    analysis = case.read
    if case.board is None or case.board.settling is None or analysis is None or analysis.idle is None:
        return None
    instant = analysis.gauges.named("gpu-power-instant")
    if instant is not None:
        rest = case.within(instant, "idle-before", "idle-after")
        idle_w = (analysis.idle.before_w + analysis.idle.after_w) / 2
        if len(rest) >= LEAST_AT_REST and (fault := _apart("at rest", idle_w, rest, REST_DISAGREE)):
            return fault
    work_s = sum(window.end_s - window.start_s for window in analysis.windows)
    if case.trace.mode != "throughput" or work_s <= 0:
        return None
    work_w = sum(window.gross_j for window in analysis.windows) / work_s
    average = analysis.gauges.named("gpu-power-average")
    for read, late_s, limit in (
        (average, AVERAGE_S, AVERAGE_DISAGREE),
        (instant, min(case.board.settling.timing.settle_us / 1e6, LATEST_S), INSTANT_DISAGREE),
    ):
        if read is None:
            continue
        seen = case.in_windows(read, late_s=late_s)
        if len(seen) >= LEAST_READINGS:
            return _apart("in the windows", work_w, seen, limit)
    return None


def _apart(where: str, counter_w: float, read_mw: NDArray[np.float64], limit: float) -> Broken | None:
    power_w = float(read_mw.mean()) / 1e3
    if abs(counter_w - power_w) <= max(limit * power_w, LEAST_APART_W):
        return None
    return broken(
        f"The energy counter gives {counter_w:.1f} W {where}, the power readings {power_w:.1f} W.",
        counter_w=counter_w,
        power_w=power_w,
        tolerance=limit,
        readings=len(read_mw),
    )


RULES = (numbers_have_noise, sensors_sense, states_fit_the_load, counter_and_power_agree)
"""In the order of evaluation."""
