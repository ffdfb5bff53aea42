"""Each flag comes from its own gauge; a clean trace has none."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from joulemark.energy.errors import TraceInconsistent
from joulemark.energy.flags import conditions_flags, flags
from joulemark.record.statement import Idle
from joulemark.record.trace import Gauge, GaugeUnit, Stream, Trace, from_deltas, to_deltas
from joulemark.rules.completeness import DIRTY
from tests.core.analytic import Device, Part, Piece, gauge, steps, stream, trace

RUN: list[Part] = [("idle-before", 1.0, 3.0), ("window", 3.5, 6.0), ("idle-after", 7.0, 9.0)]
BOARD = stream(steps(Device((Piece(10.0, 60.0),)), until_s=10.0), timing=None)
AT = (2.0, 4.0, 5.0, 8.0)
CLEAN: dict[str, tuple[GaugeUnit, tuple[int, ...]]] = {
    "gpu-power-instant": ("mW", (60_000, 200_000, 200_000, 60_000)),
    "gpu-temperature": ("C", (40, 50, 51, 45)),
    "gpu-throttle": ("mask", (0x1, 0x0, 0x2, 0x1)),
    "gpu-foreign-processes": ("count", (0, 0, 0, 0)),
    "gpu-power-limit": ("mW", (400_000,) * 4),
    "gpu-mig": ("count", (0, 0, 0, 0)),
}


def run(board: Stream = BOARD, **changed: tuple[int, ...]) -> Trace:
    """A clean run, but for what is changed: names with _ for -."""
    values = {name: (unit, changed.get(name.replace("-", "_"), seen)) for name, (unit, seen) in CLEAN.items()}
    made = [gauge(name, unit, zip(AT, seen, strict=True)) for name, (unit, seen) in values.items()]
    return trace(board, run=RUN, gauges=made)


def found(
    of: Trace, *, before_w: float = 60.0, after_w: float = 60.0, disagree: bool = False
) -> tuple[str, ...]:
    idle = Idle(before_w=before_w, after_w=after_w, before_s=12.0, after_s=12.0)
    return flags(of, idle=idle, disagree=disagree)


def test_a_clean_run_has_none() -> None:
    assert found(run()) == ()
    assert flags(run(), idle=None, disagree=False) == ()
    assert flags(trace(BOARD, run=RUN), idle=None, disagree=False) == ()


@pytest.mark.parametrize(
    ("name", "seen", "flag"),
    [
        ("gpu_throttle", (0, 0x20, 0, 0), "thermal-slowdown"),
        ("gpu_throttle", (0, 0x40, 0, 0), "thermal-slowdown"),
        ("gpu_throttle", (0, 0, 0x9, 0), "hw-slowdown"),
        ("gpu_throttle", (0, 0, 0, 0x80), "power-brake"),
        ("gpu_throttle", (0, 0x4, 0x4, 0), "power-capped"),
        ("gpu_foreign_processes", (0, 2, 0, 0), "foreign-process"),
        ("gpu_power_limit", (400_000, 400_000, 350_000, 350_000), "power-limit-changed"),
        ("gpu_mig", (0, 0, 1, 1), "mig"),
    ],
)
def test_a_condition_has_its_flag(name: str, seen: tuple[int, ...], flag: str) -> None:
    reading: dict[str, Any] = {name: seen}
    assert found(run(**reading)) == (flag,)


def test_several_faults_have_several_flags_in_order() -> None:
    worst = run(gpu_throttle=(0x80, 0x48, 0, 0), gpu_mig=(1, 0, 0, 0))
    assert found(worst, after_w=70.0) == (
        "hw-slowdown",
        "idle-drift",
        "mig",
        "power-brake",
        "thermal-slowdown",
    )


@pytest.mark.parametrize(
    ("before_w", "after_w", "drifted"), [(60.0, 63.0, False), (60.0, 63.2, True), (63.2, 60.0, True)]
)
def test_idle_powers_that_differ_by_more_than_a_twentieth_drift(
    before_w: float, after_w: float, *, drifted: bool
) -> None:
    assert found(run(), before_w=before_w, after_w=after_w) == (("idle-drift",) if drifted else ())


@pytest.mark.parametrize(("u_w", "drifted"), [(0.0, True), (1.3, True), (1.4, False)])
def test_a_difference_that_the_sensor_may_have_made_is_no_drift(u_w: float, *, drifted: bool) -> None:
    """6 W; 5 % are 3.3 W, and twice the uncertainty may be the sensor's."""
    idle = Idle(before_w=60.0, after_w=66.0, before_s=12.0, after_s=12.0)
    assert flags(run(), idle=idle, disagree=False, idle_u_w=u_w) == (("idle-drift",) if drifted else ())


@pytest.mark.parametrize("disagree", [True, False])
def test_a_counter_and_a_power_that_contradict_each_other_have_their_flag(*, disagree: bool) -> None:
    assert found(run(), disagree=disagree) == (("counters-disagree",) if disagree else ())


def without(board: Stream, start_s: float, end_s: float) -> Stream:
    """The stream without its ticks between two times."""
    t_us = value = 0
    kept = []
    for step_us, rise in zip(board.t_us, board.value, strict=True):
        t_us, value = t_us + step_us, value + rise
        if not start_s < t_us / 1e6 < end_s:
            kept.append((t_us, value))
    times, values = zip(*kept, strict=True)
    return replace(board, t_us=to_deltas(times), value=to_deltas(values))


def test_a_gap_in_the_run_is_a_missing_reading_and_one_outside_is_not() -> None:
    assert found(run(without(BOARD, 4.0, 5.2))) == ("missing-reading",)
    assert found(run(without(BOARD, 4.0, 4.8))) == ()
    assert found(run(without(BOARD, -1.0, 1.05))) == ()


def test_a_trace_that_was_read_at_its_edges_alone_is_not_judged_by_its_gaps() -> None:
    """As older agents read a processor."""
    sparse = trace(without(BOARD, 4.0, 5.8), run=RUN)
    assert flags(sparse, idle=None, disagree=False) == ("missing-reading",)
    edges_s = [edge for _, *pair in RUN for edge in pair]
    at_edges = without_all_but(BOARD, edges_s)
    assert flags(trace(at_edges, run=RUN), idle=None, disagree=False) == ()
    with_gauge = trace(at_edges, run=RUN, gauges=[gauge("gpu-mig", "count", [(1.0, 0)])])
    assert flags(with_gauge, idle=None, disagree=False) == ("missing-reading",)


def without_all_but(board: Stream, edges_s: list[float]) -> Stream:
    """The stream read within 10 ms of these times alone."""
    t_us, value = from_deltas(board.t_us), from_deltas(board.value)
    kept = []
    for edge_s in edges_s:
        near = min(range(len(t_us)), key=lambda place: abs(t_us[place] - edge_s * 1e6))
        kept.append((round(edge_s * 1e6), value[near]))
    times, values = zip(*sorted(kept), strict=True)
    return replace(board, t_us=to_deltas(times), value=to_deltas(values))


@pytest.mark.parametrize(
    ("mask", "name"),
    [
        (0x200, "board-limited"),
        (0x400, "reliability-limited"),
        (0x4000, "unknown-clock-reason"),
        (0x4, "power-capped"),
    ],
)
def test_a_reason_for_lower_clocks_that_makes_no_run_unfit_has_its_flag(mask: int, name: str) -> None:
    assert conditions_flags({"gpu-throttle": [0, mask]}) == {name}
    assert name not in DIRTY


def test_every_reason_that_nvml_names_is_known_and_the_rest_is_not() -> None:
    for bit in range(11):
        assert "unknown-clock-reason" not in conditions_flags({"gpu-throttle": [1 << bit]})
    for bit in (11, 31, 52):
        assert conditions_flags({"gpu-throttle": [1 << bit]}) == {"unknown-clock-reason"}


def test_what_a_watcher_is_shown_are_the_flags_of_the_conditions_so_far() -> None:
    assert conditions_flags({}) == set()
    assert conditions_flags({"gpu-throttle": [0, 0x60], "gpu-mig": [0]}) == {"thermal-slowdown"}


def test_a_broken_gauge_is_refused() -> None:
    broken = Gauge(name="gpu-mig", unit="count", t_us=(1, 1), value=(0,))
    with pytest.raises(TraceInconsistent):
        flags(trace(BOARD, run=RUN, gauges=[broken]), idle=None, disagree=False)
