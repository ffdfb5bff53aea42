"""When a warm-up has reached its steady state."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from joulemark.energy.steady import PARTS_SPREAD, WarmUpPart, is_steady

LONGEST = 30
"""Parts of 10 s in the longest warm-up."""


def parts_of(powers_w: list[float]) -> list[WarmUpPart]:
    return [WarmUpPart(energy_j=10 * power_w, seconds=10.0) for power_w in powers_w]


@pytest.mark.parametrize(
    ("powers_w", "temperatures_c", "steady"),
    [
        ([], [], False),
        ([100.0, 100.0], [50.0, 50.0], False),
        ([100.0, 100.0, 100.0], [50.0, 50.0, 50.0], True),
        ([50.0, 80.0, 100.0, 100.5, 100.9], [30.0, 40.0, 50.0, 50.0, 50.0], True),
        ([100.0, 101.1, 100.0], [50.0, 50.0, 50.0], False),
        ([100.0, 100.0, 100.0], [50.0, 50.0, 51.0], False),
        ([100.0, 100.0, 100.0], [50.0, 50.0, 50.9], True),
        ([100.0, 100.0, 100.0], [51.0, 50.0, 50.0], False),
        ([100.0, 100.0, 100.0], [], True),
        ([100.0, 100.0, 100.0], [50.0], True),
        ([0.0, 0.0, 0.0], [], False),
        ([-1.0, -1.0, -1.0], [], False),
    ],
)
def test_three_equal_parts_without_drift_are_steady(
    powers_w: list[float], temperatures_c: list[float], *, steady: bool
) -> None:
    assert is_steady(parts_of(powers_w), temperatures_c) is steady


def test_parts_that_scatter_are_steady_once_longer_stretches_agree() -> None:
    one_more_one_less = [101.5, 98.5] * 3
    assert [is_steady(parts_of(one_more_one_less[:count]), []) for count in range(7)] == [False] * 6 + [True]


def test_a_stretch_is_known_by_its_energy_and_not_by_the_mean_of_its_parts_powers() -> None:
    short, long = WarmUpPart(energy_j=1030.0, seconds=10.0), WarmUpPart(energy_j=1470.0, seconds=15.0)
    assert not is_steady([short, long] * 2 + [short, short], [])
    assert is_steady([short, long] * 3, [])


def test_longer_stretches_see_a_drift_that_parts_do_not_show_either() -> None:
    """0.6 % a part: three parts differ by 1.2 %, six by more than that."""
    rising = parts_of([100 * 1.006**number for number in range(LONGEST)])
    assert not any(is_steady(rising[:count], []) for count in range(LONGEST + 1))


def test_scatter_beyond_what_a_counter_makes_of_equal_parts_is_not_averaged_away() -> None:
    swinging = parts_of([100 + 100 * PARTS_SPREAD * side for side in (1, -1)] * (LONGEST // 2))
    assert not any(is_steady(swinging[:count], []) for count in range(LONGEST + 1))


@pytest.mark.parametrize("period_s", [0.02, 0.1, 0.25])
def test_steady_work_is_found_steady_whatever_its_counters_period(period_s: float) -> None:
    warm_ups = [_told(number, period_s=period_s, drift=0.0) for number in range(200)]
    assert all(any(is_steady(parts[:count], []) for count in range(LONGEST // 2 + 1)) for parts in warm_ups)


@pytest.mark.parametrize("period_s", [0.02, 0.1, 0.25])
def test_a_drift_is_not_taken_for_a_sensors_step(period_s: float) -> None:
    """3 % a part beside the same steps; three parts differ by 6 %, of which the slowest counter hides 5 at most."""
    warm_ups = [_told(number, period_s=period_s, drift=0.03) for number in range(200)]
    assert not any(is_steady(parts[:count], []) for parts in warm_ups for count in range(LONGEST + 1))


def _told(seed: int, *, period_s: float, drift: float) -> list[WarmUpPart]:
    """Parts of 10 to 10.6 s at 100 W, that grow by `drift` of themselves in 10 s, as a counter tells them."""
    chance = Random(seed)  # noqa: S311 - noise, no secret
    at_s = chance.random() * period_s
    told: list[tuple[float, float]] = []
    for _ in range(LONGEST + 1):
        moved_s = at_s - at_s % period_s
        joules = 100 * ((1 + drift) ** (moved_s / 10) - 1) * 10 / drift if drift else 100 * moved_s
        told.append((at_s, joules))
        at_s += 10 + 0.6 * chance.random()
    return [
        WarmUpPart(energy_j=after[1] - before[1], seconds=after[0] - before[0])
        for before, after in pairwise(told)
    ]
