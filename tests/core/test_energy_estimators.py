"""`analyse` of a card whose counter settles: each estimator against an analytic truth, its budget, and latency mode."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from joulemark.energy import budget
from joulemark.energy.analysis import Analysis, analyse
from joulemark.energy.comparison import _beside, _Other, disagreements
from joulemark.energy.errors import NotMeasurable
from joulemark.energy.pauses import pauses
from joulemark.energy.sensors import sensor_error
from joulemark.energy.streams import read_streams
from joulemark.record.statement import Comparison
from joulemark.record.trace import Coverage, Mode, Queries, Timing, Trace
from tests.core.analytic import GPU, Device, Part, Piece, gauge, steps, stream, timing, trace

CARD = Device(
    (
        Piece(5.0, 60.0),
        Piece(2.0, 280.0),
        Piece(8.0, 60.0, 5.0, 8.0),
        Piece(10.0, 310.0),
        Piece(3.0, 60.0, 6.0, 8.0),
        Piece(12.0, 250.0),
        Piece(20.0, 60.0, 5.5, 8.0),
    )
)
"""Idle, warm-up, idle, two long windows with a rest between them, idle."""
LONG_RUN: list[Part] = [
    ("warm-up", 5.0, 7.0),
    ("idle-before", 8.0, 15.0),
    ("window", 15.0, 25.0),
    ("rest", 25.0, 28.0),
    ("window", 28.0, 40.0),
    ("idle-after", 45.0, 59.0),
]
TRUTH_J = (CARD.between_j(15.0, 25.0), CARD.between_j(28.0, 40.0))


def powers(device: Device, *, scale: float = 1.0, until_s: float = 60.0) -> list[tuple[float, float]]:
    """The mean power since the reading before, every tenth of a second, in milliwatts."""
    times = [0.05 + 0.1 * number for number in range(int(until_s / 0.1))]
    return [(at_s, scale * 1e4 * device.between_j(at_s - 0.1, at_s)) for at_s in times]


def long_run(
    *,
    coverage: Coverage = "full",
    scale: float = 1.0,
    average: bool = True,
    average_scale: float = 1.0,
    lag_s: float = 0.0,
) -> Trace:
    known = timing(settle_s=0.15 + lag_s, delay_s=lag_s, coverage=coverage)
    made = [gauge("gpu-power-instant", "mW", powers(CARD, scale=scale))]
    if average:
        made.append(
            gauge(
                "gpu-power-average",
                "mW",
                ((at_s, average_scale * 1e3 * CARD.between_j(at_s - 1.0, at_s)) for at_s, _ in powers(CARD)),
            )
        )
    board = stream(steps(CARD, until_s=60.0, lag_s=lag_s), timing=known)
    queries = [Queries(gap_us=(0,) * 10, duration_us=(length,) * 10) for length in (10**6, 12 * 10**5)]
    return trace(board, run=LONG_RUN, queries=queries, gauges=made)


@pytest.fixture(scope="module")
def long() -> Analysis:
    return analyse(long_run(), GPU)


def test_the_headline_is_the_bracket_and_exact(long: Analysis) -> None:
    assert [window.gross_j for window in long.windows] == pytest.approx(TRUTH_J, rel=1e-5)
    assert long.totals.energy_per_query_j == pytest.approx(sum(TRUTH_J) / 20, rel=1e-5)
    assert long.estimates["bracket"] == pytest.approx(long.totals.energy_per_query_j, rel=1e-12)


def test_the_power_readings_give_the_same(long: Analysis) -> None:
    assert long.estimates["power"] == pytest.approx(sum(TRUTH_J) / 20, rel=1e-5)


def test_mean_power_gives_the_same_in_long_windows(long: Analysis) -> None:
    assert long.estimates["average"] == pytest.approx(sum(TRUTH_J) / 20, rel=1e-5)


def test_the_plain_counter_is_what_its_ticks_tell_at_the_edges(long: Analysis) -> None:
    told_by_the_edges_j = CARD.between_j(14.93, 24.93) + CARD.between_j(27.93, 39.93)
    assert long.estimates["counter"] == pytest.approx(told_by_the_edges_j / 20, rel=1e-5)
    assert long.not_estimated == {}


def test_a_late_counter_is_bracketed_as_exactly_and_taken_plainly_misses_the_end() -> None:
    found = analyse(long_run(lag_s=0.13), GPU)
    assert found.totals.energy_gross_j == pytest.approx(sum(TRUTH_J), rel=1e-5)
    assert found.estimates["counter"] < sum(TRUTH_J) / 20 * 0.99


def test_idle_power_of_a_settling_counter_is_that_between_its_steps(long: Analysis) -> None:
    assert long.idle is not None
    assert long.idle.before_w == pytest.approx(CARD.between_j(8.03, 14.93) / 6.9, rel=1e-5)
    assert long.idle.after_w == pytest.approx(CARD.between_j(45.03, 58.93) / 13.9, rel=1e-5)
    assert (long.idle.before_s, long.idle.after_s) == (7.0, 14.0)


def test_a_long_run_has_all_terms_and_no_flag(long: Analysis) -> None:
    relative = {term.name: term.relative for term in long.budget}
    assert list(relative) == ["windows", "edge", "idle", "tail", "phase", "gain", "offset"]
    assert relative["tail"] < 1e-6
    assert relative["edge"] == pytest.approx(
        math.sqrt(4) * 65.5 * 0.001 / math.sqrt(12) / sum(TRUTH_J), rel=0.05
    )
    assert 0 < relative["idle"] < 1e-4
    unknown = sensor_error("nvml-counter")
    assert unknown is not None
    assert unknown.offset_u_w is not None
    assert long.mean_power_w == pytest.approx(sum(TRUTH_J) / long.totals.duration_s, rel=1e-5)
    assert (relative["phase"], relative["gain"]) == (0.0, unknown.gain_u)
    assert relative["offset"] == pytest.approx(
        unknown.offset_u_w / (sum(TRUTH_J) / long.totals.duration_s), rel=1e-5
    )
    assert budget.expanded(long.budget) > 2 * unknown.relative_u(long.mean_power_w or 0.0)
    assert long.flags == ()


def test_a_part_time_counter_has_a_term_of_phase() -> None:
    relative = {term.name: term.relative for term in analyse(long_run(coverage="part-time"), GPU).budget}
    assert relative["phase"] == pytest.approx(0.1 / 11.0 / 2 / math.sqrt(3), rel=1e-12)


def beside(found: Analysis) -> dict[str, Comparison]:
    return {each.estimator: each for each in found.comparisons}


def test_every_other_estimator_is_set_beside_the_headline_with_what_both_leave_open(long: Analysis) -> None:
    compared = beside(long)
    assert set(compared) == {"average", "counter", "derivative", "power"}
    for name, each in compared.items():
        assert each.windows == 2
        assert each.relative == pytest.approx(
            long.estimates[name] / long.estimates["bracket"] - 1, rel=1e-6, abs=1e-9
        )
        assert abs(each.relative) <= each.joint
    assert compared["average"].joint < 1e-4, "in a steady window two means leave nothing open"
    assert compared["counter"].joint > compared["derivative"].joint > compared["average"].joint


@pytest.mark.parametrize("scale", [0.98, 0.999, 1.001, 1.02])
def test_a_difference_beyond_the_joint_interval_is_flagged_with_its_number(scale: float) -> None:
    """No share is fixed: a per mille shows in mean powers of steady windows, and 2 % does not in two of instants."""
    found = analyse(long_run(average_scale=scale), GPU)
    assert found.flags == ("counters-disagree",)
    assert [each.estimator for each in disagreements(found.comparisons)] == ["average"]
    assert beside(found)["average"].relative == pytest.approx(scale - 1, abs=1e-5)
    instants = analyse(long_run(scale=scale, average=False), GPU)
    assert ("counters-disagree" in instants.flags) == (abs(scale - 1) > beside(instants)["power"].joint)


def test_the_joint_interval_grows_with_what_is_known_less() -> None:
    part_time, full = (beside(analyse(long_run(coverage=each), GPU)) for each in ("part-time", "full"))
    late = beside(analyse(long_run(lag_s=0.13), GPU))
    for name in full:
        assert part_time[name].joint > full[name].joint
    assert late["counter"].joint > full["counter"].joint


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.lists(st.floats(0.7, 1.3), min_size=3, max_size=3), st.floats(0.9, 1.1))
def test_windows_that_scatter_alike_do_not_widen_it(lengths: list[float], scale: float) -> None:
    """The interval is of the difference: unlike windows are no reason for two estimators of one window to differ."""
    equal, unlike = ((1.0, 1.0, 1.0), tuple(lengths))
    found = [
        _beside(
            each, _Other(name="x", energy_j={n: scale * j for n, j in enumerate(each)}, relative_u=0.01), 0.0
        )
        for each in (equal, unlike)
    ]
    assert found[0] is not None
    assert found[1] is not None
    assert found[1].joint == pytest.approx(found[0].joint, rel=1e-9)
    assert found[1].relative == pytest.approx(scale - 1, abs=1e-12)


def test_one_window_compares_nothing() -> None:
    assert _beside((1.0,), _Other(name="x", energy_j={0: 1.0}, relative_u=0.0), 0.0) is None
    assert _beside((1.0, 0.0), _Other(name="x", energy_j={0: 1.0, 1: 1.0}, relative_u=0.0), 0.0) is None


def test_why_an_estimator_is_missing_is_said() -> None:
    run = long_run(average=False)
    assert analyse(run, GPU).not_estimated == {"average": "no-power-average"}
    bare = replace(run, gauges=())
    assert analyse(bare, GPU).not_estimated == {"power": "no-power-reading", "average": "no-power-average"}
    few = gauge("gpu-power-instant", "mW", [(20.0, 300_000), (30.0, 300_000)])
    assert analyse(replace(run, gauges=(few,)), GPU).not_estimated["power"] == "too-few-power-readings"
    one = gauge("gpu-power-average", "mW", [(20.0, 300_000)])
    assert analyse(replace(run, gauges=(one,)), GPU).not_estimated["average"] == "too-few-power-readings"


BRIEF = Device(
    (
        Piece(4.0, 60.0),
        Piece(1.0, 280.0),
        Piece(4.0, 60.0),
        *(piece for _ in range(8) for piece in (Piece(0.11, 60.0), Piece(0.05, 300.0))),
        Piece(6.0, 60.0),
    )
)
"""Eight requests of 50 ms with pauses of 110 ms before each, in a window that begins at 9 s."""
BRIEF_RUN: list[Part] = [("warm-up", 4.0, 5.0), ("window", 9.0, 10.28)]


def brief_run(mode: Mode, known: Timing) -> Trace:
    queries = [Queries(gap_us=(110_000,) * 8, duration_us=(50_000,) * 8)]
    made = [gauge("gpu-power-instant", "mW", powers(BRIEF, until_s=16.0))]
    board = stream(steps(BRIEF, until_s=16.0), timing=known)
    return trace(board, run=BRIEF_RUN, queries=queries, mode=mode, gauges=made)


def test_in_latency_mode_the_energy_of_a_query_excludes_the_pauses() -> None:
    found = analyse(brief_run("latency", timing()), GPU)
    assert found.totals.energy_per_query_j == pytest.approx(300.0 * 0.05, rel=1e-4)
    assert found.totals.energy_gross_j == pytest.approx(8 * (300.0 * 0.05 + 60.0 * 0.11), rel=1e-4)
    assert found.estimates["power"] == pytest.approx(300.0 * 0.05, rel=1e-4)
    assert found.not_estimated == {"average": "no-power-average"}


def test_the_power_that_an_offset_is_set_against_is_that_of_the_queries_in_latency_mode() -> None:
    """300 W for 50 ms, then 60 W for 110 ms: the pauses' power was read with the same offset, and is taken off."""
    assert analyse(brief_run("latency", timing()), GPU).mean_power_w == pytest.approx(300.0, rel=1e-3)
    whole = analyse(brief_run("throughput", timing()), GPU)
    assert whole.mean_power_w == pytest.approx((300.0 * 0.05 + 60.0 * 0.11) / 0.16, rel=1e-3)


def test_in_throughput_mode_it_includes_them() -> None:
    found = analyse(brief_run("throughput", timing()), GPU)
    assert found.totals.energy_per_query_j == pytest.approx(300.0 * 0.05 + 60.0 * 0.11, rel=1e-4)


def test_in_latency_mode_each_query_meets_a_part_time_counter_by_itself() -> None:
    known = timing(coverage="part-time")
    relative = {term.name: term.relative for term in analyse(brief_run("latency", known), GPU).budget}
    assert relative["phase"] == pytest.approx(0.1 / 0.05 / 8 / math.sqrt(3), rel=1e-12)


def test_too_little_work_under_a_part_time_counter_is_not_measurable() -> None:
    run = trace(
        stream(steps(BRIEF, until_s=16.0), timing=timing(coverage="part-time")),
        run=[("warm-up", 4.0, 5.0), ("window", 9.11, 9.16)],
    )
    with pytest.raises(NotMeasurable, match="Not measurable: 1 run of 50 ms"):
        analyse(run, GPU)


@settings(deadline=None, derandomize=True)
@given(idle_s=st.floats(3.0, 9.0), watts=st.floats(100.0, 400.0), lag_s=st.sampled_from([0.0, 0.13, 0.4]))
def test_a_bracketed_window_does_not_depend_on_how_long_it_rested(
    idle_s: float, watts: float, lag_s: float
) -> None:
    card = Device(
        (Piece(4.0, 60.0), Piece(1.0, 200.0), Piece(idle_s, 66.0), Piece(2.0, watts), Piece(5.0, 63.0))
    )
    ends_s = card.edges_s()
    board = stream(
        steps(card, until_s=ends_s[-1], lag_s=lag_s), timing=timing(settle_s=lag_s + 0.15, delay_s=lag_s)
    )
    run = trace(board, run=[("warm-up", 4.0, 5.0), ("window", ends_s[2], ends_s[3])])
    assert analyse(run, GPU).totals.energy_gross_j == pytest.approx(2.0 * watts, rel=2e-4)


@pytest.mark.parametrize(("tail_s", "extra_w"), [(0.0, 0.0), (0.6, 30.0)])
def test_power_that_stays_up_after_the_work_has_a_term(tail_s: float, extra_w: float) -> None:
    """A counter that is taken to settle in 0.8 s, on a card that draws 30 W more than at rest for 0.6 s."""
    pieces = [Piece(5.0, 60.0), Piece(2.0, 280.0), *([Piece(tail_s, 60.0 + extra_w)] if tail_s else [])]
    pieces.append(Piece(8.0 - tail_s, 60.0))
    for watts, rest_s in ((300.0, 3.0), (300.0, 20.0)):
        pieces += [Piece(10.0, watts), *([Piece(tail_s, 60.0 + extra_w)] if tail_s else [])]
        pieces.append(Piece(rest_s - tail_s, 60.0))
    card = Device(tuple(pieces))
    run = trace(
        stream(steps(card, until_s=47.0), timing=timing(settle_s=0.8, delay_s=0.0, coverage="full")),
        run=[
            ("warm-up", 5.0, 7.0),
            ("idle-before", 9.0, 15.0),
            ("window", 15.0, 25.0),
            ("rest", 25.0, 28.0),
            ("window", 28.0, 38.0),
            ("idle-after", 41.0, 46.0),
        ],
        queries=[Queries(gap_us=(0,) * 10, duration_us=(10**6,) * 10)] * 2,
        gauges=[gauge("gpu-power-instant", "mW", powers(card, until_s=47.0))],
    )
    found = analyse(run, GPU)
    (relative,) = (term.relative for term in found.budget if term.name == "tail")
    bias = found.totals.energy_gross_j / 6000.0 - 1
    assert bias == pytest.approx(extra_w * tail_s / 3000.0, abs=2e-4)
    assert abs(bias) <= 2 * relative + 1e-4
    assert relative <= 1.2 * extra_w * tail_s / 3000.0 / math.sqrt(3) + 1e-4


def test_what_pauses_draw_is_known_to_the_difference_of_the_rests() -> None:
    """63 W before the window and 70 W after it: its pauses, 2 s together, draw 133 J, anywhere between 126 and 140."""
    beats = [piece for _ in range(5) for piece in (Piece(0.2, 300.0), Piece(0.4, 65.0))]
    card = Device((Piece(5.0, 60.0), Piece(2.0, 280.0), Piece(6.0, 63.0), *beats, Piece(9.0, 70.0)))
    run = trace(
        stream(steps(card, until_s=24.0), timing=timing()),
        run=[("warm-up", 5.0, 7.0), ("window", 13.0, 16.0), ("rest", 16.0, 24.0)],
        queries=[Queries(gap_us=(0, *(400_000,) * 4), duration_us=(200_000,) * 5)],
        mode="latency",
    )
    (one,) = pauses(run, read_streams(run, GPU))
    assert one.energy_j == pytest.approx(133.0, rel=1e-3)
    assert one.u_j == pytest.approx(14.0 / math.sqrt(12), rel=1e-2)
