"""`bracket` is exact on counters that are full, late or blurred, and says where it has no settled tick."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from joulemark.energy.bracket import bracket
from joulemark.energy.changes import Changes, changes
from joulemark.energy.counter import Counter
from joulemark.energy.errors import TraceIncomplete
from joulemark.record.trace import Timing
from tests.core.analytic import Device, Part, Piece, seen, steps, timing, trace

RUN: list[Part] = [
    ("warm-up", 12.0, 14.0),
    ("window", 20.0, 21.5),
    ("window", 25.0, 25.037),
    ("idle-after", 26.0, 50.0),
]
WARM = Device(
    (
        Piece(12.0, 60.0),
        Piece(2.0, 280.0),
        Piece(6.0, 60.0, 4.0, 9.0),
        Piece(1.5, 310.0),
        Piece(3.5, 60.0, 7.5, 9.0),
        Piece(0.037, 240.0),
        Piece(25.0, 60.0, 6.0, 9.0),
    )
)
"""Leaks more after each piece of work, each time by another level."""
STEPPED = Device(
    (
        Piece(5.0, 60.0),
        Piece(2.0, 280.0),
        Piece(6.0, 63.0),
        Piece(1.5, 310.0),
        Piece(4.0, 70.0),
        Piece(0.037, 240.0),
        Piece(9.0, 66.0),
    )
)
STEPPED_RUN: list[Part] = [("warm-up", 5.0, 7.0), ("window", 13.0, 14.5), ("window", 18.5, 18.537)]
COUNTERS = {
    "full": ({}, timing()),
    "full, 20 ms": ({"period_s": 0.02}, timing(period_s=0.02, settle_s=0.03)),
    "lagging": ({"lag_s": 0.13}, timing(settle_s=0.28, delay_s=0.13)),
}
BLURRED = ({"blur": 10}, timing(settle_s=1.05, delay_s=0.45))


@pytest.mark.parametrize(("how", "known"), COUNTERS.values(), ids=COUNTERS)
@pytest.mark.parametrize("phase_s", [0.0, 0.013, 0.0999])
def test_a_window_between_rests_that_decay_is_exact(
    how: dict[str, Any], known: Timing, phase_s: float
) -> None:
    counter = seen(steps(WARM, until_s=50.0, phase_s=phase_s, **how))
    found = bracket(counter, trace(run=RUN), known)
    truth = [WARM.between_j(20.0, 21.5), WARM.between_j(25.0, 25.037)]
    assert list(found.energy_j) == pytest.approx(truth, rel=1e-6)
    assert found.rest.decay_s == pytest.approx(9.0, rel=1e-4)


@pytest.mark.parametrize(("how", "known"), [*COUNTERS.values(), BLURRED], ids=[*COUNTERS, "blurred"])
@pytest.mark.parametrize("phase_s", [0.0, 0.013, 0.0999])
def test_a_window_between_constant_rests_that_differ_is_exact(
    how: dict[str, Any], known: Timing, phase_s: float
) -> None:
    counter = seen(steps(STEPPED, until_s=27.0, phase_s=phase_s, **how))
    found = bracket(counter, trace(run=STEPPED_RUN), known)
    truth = [STEPPED.between_j(13.0, 14.5), STEPPED.between_j(18.5, 18.537)]
    assert list(found.energy_j) == pytest.approx(truth, rel=1e-6)


def test_a_blurred_counter_between_decaying_rests_is_off_by_next_to_nothing() -> None:
    how, known = BLURRED
    found = bracket(seen(steps(WARM, until_s=50.0, **how)), trace(run=RUN), known)
    assert found.energy_j[0] == pytest.approx(WARM.between_j(20.0, 21.5), rel=1e-4)


def test_exact_times_leave_no_uncertainty_of_the_edges() -> None:
    found = bracket(seen(steps(WARM, until_s=50.0)), trace(run=RUN), timing())
    assert found.edge_j == (0.0, 0.0)
    assert found.around == ((1, 2), (2, 3))


def test_an_edge_is_as_uncertain_as_the_time_between_the_reads_around_its_ticks() -> None:
    exact = seen(steps(STEPPED, until_s=27.0))
    read = Changes(low_s=exact.low_s - 0.006, high_s=exact.high_s + 0.006, energy_j=exact.energy_j)
    found = bracket(read, trace(run=STEPPED_RUN), timing())
    per_watt_j = 0.012 / 12**0.5
    assert found.edge_j == pytest.approx(
        [per_watt_j * float(np.hypot(63.0, 70.0)), per_watt_j * float(np.hypot(70.0, 66.0))], rel=1e-6
    )


def test_steps_between_reads_far_apart_are_taken_only_where_there_are_no_others() -> None:
    exact = seen(steps(STEPPED, until_s=27.0))
    vague = Changes(low_s=exact.low_s - 0.02, high_s=exact.high_s + 0.02, energy_j=exact.energy_j)
    found = bracket(vague, trace(run=STEPPED_RUN), timing())
    assert found.energy_j[0] == pytest.approx(STEPPED.between_j(13.0, 14.5), rel=1e-6)
    assert found.edge_j[0] == pytest.approx(0.04 / 12**0.5 * float(np.hypot(63.0, 70.0)), rel=1e-6)


@pytest.mark.parametrize(
    ("run", "until_s", "says"),
    [
        ([("warm-up", 12.0, 19.9), ("window", 20.0, 21.5)], 50.0, "Window 1 has no settled tick before"),
        ([("window", 20.0, 21.5), ("window", 21.6, 25.0)], 50.0, "Window 1 has no settled tick after"),
        ([("window", 20.0, 21.5)], 21.6, "Window 1 has no settled tick after"),
        ([("window", 0.01, 1.0)], 50.0, "Window 1 has no settled tick before"),
    ],
)
def test_a_window_without_a_settled_tick_says_on_which_side(
    run: list[Part], until_s: float, says: str
) -> None:
    with pytest.raises(TraceIncomplete, match=says):
        bracket(seen(steps(WARM, until_s=until_s)), trace(run=run), timing())


def test_only_steps_whose_time_is_known_are_taken_where_there_are_enough() -> None:
    """Between reads far apart the counter may have moved more than once: their middle is no time of a step."""
    exact = steps(STEPPED, until_s=27.0)
    sharp = seen(exact)
    low_s, high_s = sharp.low_s.copy(), sharp.high_s.copy()
    for number in range(0, len(low_s), 3):
        low_s[number] -= 0.09  # every third change was seen late
    blunt = Changes(low_s=low_s, high_s=high_s, energy_j=sharp.energy_j)
    found = bracket(blunt, trace(run=STEPPED_RUN), timing())
    truth = [STEPPED.between_j(13.0, 14.5), STEPPED.between_j(18.5, 18.537)]
    assert list(found.energy_j) == pytest.approx(truth, rel=1e-6)


@pytest.mark.parametrize("delay_s", [0.0, 0.13, 0.45])
def test_the_uncertainty_of_the_delay_is_carried_where_rest_differs_on_both_sides(delay_s: float) -> None:
    """63, 70 and 66 W at rest: the differences over both windows sum to 3 W."""
    known = timing(settle_s=0.15 + delay_s, delay_s=delay_s)
    found = bracket(seen(steps(STEPPED, until_s=27.0, lag_s=delay_s)), trace(run=STEPPED_RUN), known)
    assert found.idle_j == pytest.approx(0.1 * max(0.1, delay_s) * 3.0, rel=1e-3)


def test_the_uncertainty_of_the_decay_is_carried_where_the_counter_is_noisy() -> None:
    rng = np.random.default_rng(3)
    exact = seen(steps(WARM, until_s=50.0))
    noisy = Changes(
        low_s=exact.low_s,
        high_s=exact.high_s,
        energy_j=exact.energy_j + np.cumsum(rng.normal(0.0, 0.1, len(exact.energy_j))),
    )
    found = bracket(noisy, trace(run=RUN), timing())
    truth_j = WARM.between_j(20.0, 21.5) + WARM.between_j(25.0, 25.037)
    assert 0.02 < found.rest.ln_decay_u < 1.0
    shares_s = [
        found.rest.share_s(after, end_s, end_s + 0.2)
        for (_, after), end_s in zip(found.around, (21.5, 25.037), strict=True)
    ]
    levels_j = float(
        np.hypot(
            *(
                share * found.rest.level_u_w[after]
                for share, (_, after) in zip(shares_s, found.around, strict=True)
            )
        )
    )
    assert found.idle_j > levels_j > 0
    assert abs(sum(found.energy_j) - truth_j) < 4 * (found.idle_j + 0.1 * 20**0.5)


def read_slowly(device: Device, *, until_s: float, read_s: float, seed: int) -> Changes:
    """A counter that moves every 20 ms, told by readings that take about `read_s` each: few changes are sharp."""
    rng = np.random.default_rng(seed)
    reads_s = np.cumsum(read_s * rng.uniform(0.97, 1.6, int(until_s / read_s)))
    told = np.array([round(1000 * device.energy_j(np.floor(t / 0.02 + 1e-9) * 0.02)) for t in reads_s])
    counter_ = Counter(
        name="x", joules_per_unit=1e-3, t_us=np.round(reads_s * 1e6).astype(np.int64), units=told
    )
    return changes(counter_)


SHORT_RESTS = Device(
    (Piece(1.0, 60.0), Piece(1.0, 240.0), Piece(1.1, 60.0), Piece(0.4, 240.0), Piece(1.1, 60.0))
)


@pytest.mark.parametrize("seed", [349, 55, 277, 69, 1, 2])
def test_changes_that_are_sharp_by_chance_do_not_stand_for_all(seed: int) -> None:
    """Readings of 5 to 8 ms: two changes, by chance known to a quarter of the period, say little of a rest's power.

    By these alone the first three windows are of 83 to 85 J, and the fourth of 105.
    """
    known = timing(period_s=0.02, settle_s=0.03)
    told = read_slowly(SHORT_RESTS, until_s=4.6, read_s=0.00505, seed=seed)
    assert 0 < len(told.sharp(0.005).low_s) / len(told.low_s) < 0.2
    found = bracket(told, trace(run=[("warm-up", 1.0, 2.0), ("window", 3.1, 3.5)]), known)
    assert found.energy_j[0] == pytest.approx(96.0, abs=0.5)
    assert abs(found.energy_j[0] - 96.0) <= 4 * np.hypot(found.edge_j[0], found.idle_j)
