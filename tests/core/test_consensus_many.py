"""From eight voices on: exact cases, laws, and what the intervals promise on simulated crowds."""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulemark.consensus.cell import ResultReading, cell_equivalences, cell_value
from joulemark.consensus.centre import ENOUGH, REACH, centre_of
from joulemark.consensus.dark import paule_mandel
from joulemark.consensus.student_t import t_quantile_95

LAW = settings(deadline=None)
logs = st.lists(st.floats(min_value=-0.2, max_value=0.2), min_size=8, max_size=30)


def readings(values: list[float] | np.ndarray, u: float | None = 0.027) -> list[ResultReading]:
    return [
        ResultReading(contributor=n, device=n, energy_per_query_j=math.exp(value), relative_u=u)
        for n, value in enumerate(values)
    ]


def crowd(n: int, seed: int, *, far: float = 0.0) -> np.ndarray:
    """Devices that differ by 3 % and are measured to 1 %, a fifth of them `far` away on the log scale."""
    chance = np.random.default_rng(seed)
    values = chance.normal(0, 0.03, n) + chance.normal(0, 0.01, n)
    values[: round(0.2 * n)] += far
    return values


def test_a_far_voice_pulls_nothing_and_is_shown() -> None:
    ours = [0.0, 0.01, -0.01, 0.02, -0.02, 0.005, -0.005, 0.015]
    value = cell_value(readings([*ours, 0.9]))
    assert value.energy_per_query_j == pytest.approx(cell_value(readings(ours)).energy_per_query_j, rel=2e-3)
    assert value.most_j == pytest.approx(math.exp(0.9), rel=1e-9)
    assert (value.n_results, value.voices) == (9, 9.0)
    far = cell_equivalences(readings([*ours, 0.9]))[-1]
    assert (far.contributor, far.heed) == (8, 0.0)
    assert not far.agrees
    assert far.d == pytest.approx(math.exp(0.9) / value.energy_per_query_j - 1, rel=1e-9)
    assert far.shift == 0.0


def test_without_far_voices_the_centre_is_close_to_the_mean_and_the_interval_to_students() -> None:
    values = np.linspace(-0.04, 0.04, 20)
    value = cell_value(readings(values))
    assert value.energy_per_query_j == pytest.approx(1.0, abs=1e-9)
    assert value.high_j is not None
    half = t_quantile_95(19) * values.std(ddof=1) / math.sqrt(20)
    assert math.log(value.high_j) == pytest.approx(half, rel=0.15)
    assert value.interval == "bootstrap"


def test_the_biweight_solves_its_own_equation() -> None:
    values = np.sort(crowd(20, 7, far=0.3))
    centre = centre_of(values, [Fraction(1)] * 20)
    far = (values - centre.value) / (REACH * centre.spread)
    psi = np.where(np.abs(far) < 1, far * (1 - far**2) ** 2, 0.0)
    assert abs(psi.sum()) < 1e-9
    assert centre.effective < 17


def test_fewer_than_eight_voices_have_the_median_and_a_preliminary_interval() -> None:
    value = cell_value(readings([0.0, 0.05, 0.4, 0.45, -0.05]))
    assert value.energy_per_query_j == pytest.approx(math.exp(0.05), rel=1e-9)
    assert value.interval == "preliminary"
    assert len(cell_value(readings([0.0] * int(ENOUGH))).interval or "") == len("bootstrap")


def test_fifty_keys_on_one_device_do_not_make_a_bootstrap() -> None:
    same = [
        ResultReading(contributor=f"k{n}", device="one", energy_per_query_j=1 + n / 1000) for n in range(50)
    ]
    other = ResultReading(contributor="ada", device="two", energy_per_query_j=1.1)
    value = cell_value([*same, other])
    assert (value.voices, value.interval) == (2.0, "preliminary")


@LAW
@given(logs, st.randoms())
def test_the_order_of_results_changes_no_bit(values: list[float], random: Random) -> None:
    listed = readings(values)
    shuffled = list(listed)
    random.shuffle(shuffled)
    assert cell_value(shuffled) == cell_value(listed)


@LAW
@given(logs, st.floats(min_value=0.3, max_value=3))
def test_the_value_lies_in_its_interval_and_among_its_voices(values: list[float], far: float) -> None:
    value = cell_value(readings([*values, far]))
    assert value.low_j is not None
    assert value.high_j is not None
    assert value.low_j <= value.energy_per_query_j <= value.high_j
    assert value.least_j <= value.energy_per_query_j <= value.most_j


@LAW
@given(logs)
def test_stated_uncertainty_buys_no_weight(values: list[float]) -> None:
    modest = cell_value(readings(values, u=0.03))
    boastful = cell_value([*readings(values[:1], u=1e-6), *readings(values, u=0.03)[1:]])
    assert boastful.energy_per_query_j == modest.energy_per_query_j
    assert (boastful.low_j, boastful.high_j) == (modest.low_j, modest.high_j)


@pytest.mark.parametrize(("n", "far"), [(8, 0.0), (8, -0.36), (40, 0.0), (40, -0.36)])
def test_intervals_hold_the_truth_as_often_as_they_say(n: int, far: float) -> None:
    """400 cells: 95 % is 380, and four standard deviations below is 362. The benchmark has the exact figures."""
    held = 0
    for seed in range(400):
        value = cell_value(readings(crowd(n, seed, far=far)))
        assert value.low_j is not None
        assert value.high_j is not None
        held += value.low_j <= 1.0 <= value.high_j
    assert held >= 362


def test_paule_mandel_as_published() -> None:
    """With the weighted mean and the root of its own condition; checked by the condition itself."""
    values, u = np.array([1.0, 1.2, 0.9, 1.4]), [0.05, 0.1, 0.05, 0.2]
    dark = paule_mandel(values, u)
    weights = 1 / (np.square(u) + dark**2)
    mean = weights @ values / weights.sum()
    assert weights @ np.square(values - mean) == pytest.approx(3, rel=1e-6)
    assert dark > 0.1
    assert paule_mandel(np.array([1.0, 1.001]), [0.05, 0.05]) == 0.0
