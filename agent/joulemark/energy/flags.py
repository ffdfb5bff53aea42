"""What was wrong with a run, from its trace: each flag is a reason that can be known without looking at the energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np

from joulemark.energy.accumulate import Gauges
from joulemark.energy.foreign_cpu import has_company
from joulemark.energy.gaps import gap_flags
from joulemark.energy.sensors import COVERAGE_FACTOR
from joulemark.record.trace import HostScope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from joulemark.record.statement import Idle
    from joulemark.record.trace import Trace

IDLE_DRIFT = 0.05
LONG_IDLE_S = 10.0
"""In a shorter idle the warmth that the work leaves behind cannot be told from a drift."""
THROTTLED = {"thermal-slowdown": 0x20 | 0x40, "hw-slowdown": 0x08, "power-brake": 0x80}
"""Bits of NVML's clock event reasons (nvmlClocksEventReasons): SW and HW thermal, HW slowdown, HW power brake."""
HOST_SCOPES: frozenset[str] = frozenset(get_args(HostScope))
CONDITIONS = ("gpu-throttle", "gpu-foreign-processes", "gpu-mig", "gpu-power-limit")
"""The gauges that flags come from."""
LIMIT_WITHIN_MW = 1000
"""Limits are set in whole watts; what a driver tells of one in milliwatts may differ by its own rounding."""
POWER_CAP = 0x04
"""SW power cap: the limit is reached. That is a stratum of its own and no fault."""
BOARD_LIMIT, RELIABILITY_LIMIT = 0x200, 0x400
"""Board limit and reliability: the firmware holds the clocks below what the load would take (bits since driver 615)."""
KNOWN_REASONS = 0x7FF
"""Every bit of NVML's clock event reasons that has a meaning by driver 615."""
HELD_BACK = {
    "power-capped": POWER_CAP,
    "board-limited": BOARD_LIMIT,
    "reliability-limited": RELIABILITY_LIMIT,
    "unknown-clock-reason": ~KNOWN_REASONS & (2**53 - 1),
}
"""Flags that say why clocks were lower and put nothing aside, by the bits that they come from."""


def flags(
    trace: Trace,
    *,
    idle: Idle | None,
    disagree: bool,
    gauges: Gauges | None = None,
    idle_u_w: float = 0.0,
    headline: frozenset[str] | None = None,
) -> tuple[str, ...]:
    """The flags of a run, sorted. `disagree` says that two estimators do (`comparison.disagreements`).

    `idle_u_w` is the standard uncertainty of the difference of the two idle powers (`idle.difference_u_w`). `headline`
    are the scopes that the result is about, None for all: what is wrong with streams beside them alone has a flag of
    its own, which ends in `-beside`.
    Raises EnergyError when a gauge is broken.
    """
    gauges = gauges or Gauges(trace)
    values = {gauge.name: gauges.read(gauge)[1] for gauge in trace.gauges}
    state = {name: values[name].astype(np.int64).tolist() for name in CONDITIONS if name in values}
    raised = conditions_flags(state)
    if idle is not None and _drifted(idle, idle_u_w):
        raised.add("idle-drift")
    if disagree:
        raised.add("counters-disagree")
    raised |= gap_flags(trace, headline)
    on_processor = [
        stream.scope for stream in trace.streams if stream.scope in HOST_SCOPES and stream.unit == "uJ"
    ]
    if on_processor and has_company(trace, gauges):
        counts = any(_counts(scope, headline) for scope in on_processor)
        raised.add("foreign-cpu" if counts else "foreign-cpu-beside")
    return tuple(sorted(raised))


def _counts(scope: str, headline: frozenset[str] | None) -> bool:
    return headline is None or scope in headline


def _drifted(idle: Idle, u_w: float) -> bool:
    """Whether the 95 % interval of the difference lies beyond IDLE_DRIFT: what a noisy sensor makes of one power is no
    drift.
    """
    if min(idle.before_s, idle.after_s) < LONG_IDLE_S:
        return False
    least_w = abs(idle.before_w - idle.after_w) - COVERAGE_FACTOR * u_w
    return least_w > IDLE_DRIFT * max(idle.before_w, idle.after_w)


def conditions_flags(state: Mapping[str, Sequence[int]]) -> set[str]:
    """What the device's own state shows: every value of each condition so far, by the gauge's name."""
    bits = 0
    for value in state.get("gpu-throttle", ()):
        bits |= value
    raised = {name for name, mask in THROTTLED.items() if bits & mask}
    raised |= {name for name, mask in HELD_BACK.items() if bits & mask}
    if any(value > 0 for value in state.get("gpu-foreign-processes", ())):
        raised.add("foreign-process")
    if any(value > 0 for value in state.get("gpu-mig", ())):
        raised.add("mig")
    limits_mw = state.get("gpu-power-limit", ())
    if limits_mw and max(limits_mw) - min(limits_mw) > LIMIT_WITHIN_MW:
        raised.add("power-limit-changed")
    return raised
