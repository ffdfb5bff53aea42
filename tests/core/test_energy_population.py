"""The mean of a population from random parts: against all samples of small ones, and against the truth of large."""

from __future__ import annotations

from itertools import permutations
from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.consensus.student_t import t_quantile_95
from joulemark.energy.errors import TraceInconsistent
from joulemark.energy.population import PopulationMean, WindowPart, population_mean
from joulemark.energy.precision import student_t_95_at
from tests.laws import law

SECONDS = np.array([0.2, 0.5, 0.3, 1.1, 0.4, 0.9])
JOULES = np.array([30.0, 90.0, 40.0, 260.0, 85.0, 160.0])


def parts(
    order: list[int], counts: tuple[int, ...], seconds: np.ndarray, joules: np.ndarray
) -> list[WindowPart]:
    """Windows of so many queries, one after the other in this order; each takes what its queries take."""
    found, ahead = [], 0
    for count in counts:
        chosen = [order[(ahead + number) % len(order)] for number in range(count)]
        ahead += count
        durations = seconds[chosen]
        found.append(
            WindowPart(
                energy_j=float(joules[chosen].sum()),
                seconds=float(durations.sum()),
                durations_s=durations.astype(float),
            )
        )
    return found


def variance(found: PopulationMean, relative_u: float) -> float:
    """What was estimated, before Student's t, in square joules."""
    return (2 * relative_u / student_t_95_at(max(found.degrees, 1.0)) * found.per_query_j) ** 2


@pytest.mark.parametrize("counts", [(2, 2), (1, 2, 2), (2, 3), (3, 3)])
def test_without_sizes_the_mean_over_all_samples_is_the_truth(counts: tuple[int, ...]) -> None:
    orders = permutations(range(len(SECONDS)))
    means = [
        population_mean(parts(list(order), counts, SECONDS, JOULES), population=6).per_query_j
        for order in orders
    ]
    assert np.mean(means) == pytest.approx(JOULES.mean(), rel=1e-12)


@pytest.mark.parametrize("counts", [(2, 2), (2, 1, 2)])
def test_the_variance_of_the_choice_is_the_true_one_on_average_over_all_samples(
    counts: tuple[int, ...],
) -> None:
    """At one power for all queries, where the choice of queries is all there is."""
    joules = 250.0 * SECONDS
    found = [
        population_mean(parts(list(order), counts, SECONDS, joules), population=6)
        for order in permutations(range(6))
    ]
    true = float(np.var([one.per_query_j for one in found]))
    sampled, size = sum(counts), 6
    assert true == pytest.approx((1 - sampled / size) * np.var(joules, ddof=1) / sampled, rel=1e-12)
    assert np.mean([variance(one, one.queries_u) for one in found]) == pytest.approx(true, rel=1e-9)


@pytest.mark.parametrize("elasticity", [0.6, 1.0, 1.3])
def test_with_powers_that_follow_durations_the_whole_variance_is_that_of_the_mean(elasticity: float) -> None:
    """Covariance and all, over random samples: never too small, and larger only by what `_pace` leaves open."""
    chance = np.random.default_rng(9)
    seconds = chance.lognormal(0.0, 0.4, 60)
    joules = 200.0 * seconds**elasticity
    found = [
        population_mean(parts(list(chance.permutation(60)), (6,) * 5, seconds, joules), population=60)
        for _ in range(2000)
    ]
    means = np.array([one.per_query_j for one in found])
    stated = np.mean([variance(one, one.relative_half_width / 2) for one in found])
    assert means.mean() == pytest.approx(joules.mean(), rel=0.01)
    assert 0.95 * means.var() < stated < (4.0 if elasticity < 1 else 2.0) * means.var()


def test_sizes_that_tell_durations_exactly_leave_nothing_open() -> None:
    chance = np.random.default_rng(1)
    sizes = chance.lognormal(5.0, 0.8, 200).round()
    seconds = 0.1 + sizes / 1000
    found = population_mean(
        parts(list(range(200)), (20, 20, 20), seconds, 300.0 * seconds), population=200, sizes=sizes
    )
    assert found.explained == pytest.approx(1.0)
    assert found.per_query_j == pytest.approx(300.0 * seconds.mean(), rel=1e-9)
    assert found.relative_half_width < 1e-9
    plain = population_mean(parts(list(range(200)), (20, 20, 20), seconds, 300.0 * seconds), population=200)
    assert plain.relative_half_width > 0.05


def test_sizes_that_tell_nothing_are_not_used() -> None:
    """A sample in two hundred is taken in by chance, where both have long tails."""
    chance = np.random.default_rng(2)
    used = 0
    for _ in range(500):
        seconds, sizes = chance.lognormal(0.0, 0.5, 100), chance.lognormal(5.0, 1.0, 100)
        found = population_mean(
            parts(list(range(100)), (20, 20, 20), seconds, seconds), population=100, sizes=sizes
        )
        used += found.explained is not None
    assert used <= 5


def test_the_choice_does_not_look_at_energy() -> None:
    """With other energies of the windows, however wild, the factor and the share explained are the same."""
    chance = np.random.default_rng(3)
    sizes = chance.lognormal(5.0, 0.6, 300)
    seconds = 0.2 + sizes / sizes.mean() + chance.normal(0, 0.1, 300)
    found = parts(list(range(300)), (30, 30, 30), seconds, seconds)
    other = [
        WindowPart(energy_j=energy_j, seconds=part.seconds, durations_s=part.durations_s)
        for energy_j, part in zip((1.0, 1e6, 30.0), found, strict=True)
    ]
    first = population_mean(found, population=300, sizes=sizes)
    second = population_mean(other, population=300, sizes=sizes)
    assert first.explained is not None
    assert (first.factor, first.explained) == (second.factor, second.explained)


def test_the_regression_is_unbiased_beside_its_own_error() -> None:
    chance = np.random.default_rng(4)
    sizes = chance.lognormal(5.0, 0.8, 400)
    seconds = 0.3 + 0.5 * sizes / sizes.mean() + chance.exponential(0.3, 400)
    joules = 250.0 * seconds
    errors, halves = [], []
    for _ in range(1500):
        order = chance.permutation(400)
        found = population_mean(
            parts(list(order), (20, 20, 20), seconds, joules), population=400, sizes=sizes[order]
        )
        errors.append(found.per_query_j / joules.mean() - 1)
        halves.append(found.relative_half_width)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / sqrt(1500) + 0.002, "a bias of the order of 1/n"
    assert 0.93 <= np.mean(np.abs(errors) <= halves) <= 0.99


@pytest.mark.parametrize("counts", [(200, 200), (150, 150, 150, 150)])
def test_once_all_have_run_the_choice_counts_for_nothing(counts: tuple[int, ...]) -> None:
    chance = np.random.default_rng(5)
    seconds = chance.lognormal(-2.0, 0.5, 150)
    found = population_mean(
        parts(list(chance.permutation(150)), counts, seconds, 250.0 * seconds), population=150
    )
    assert found.queries_u == 0.0
    assert found.per_query_j == pytest.approx(250.0 * seconds.mean(), rel=1e-9), (
        "some ran twice, and count once"
    )


def test_queries_that_ran_more_often_than_others_do_not_weigh_more() -> None:
    """The first half ran twice, and is the slow half: the plain mean is off, the population's is not."""
    seconds = np.array([2.0] * 10 + [1.0] * 10)
    found = population_mean(parts(list(range(20)), (15, 15), seconds, 100.0 * seconds), population=20)
    assert found.per_query_j == pytest.approx(150.0)
    assert found.factor == pytest.approx(150.0 / (100.0 * (40 + 10) / 30))


def test_a_machine_that_gets_slower_shows_although_all_have_run() -> None:
    chance = np.random.default_rng(6)
    seconds = chance.lognormal(-2.0, 0.5, 100)
    steady = parts(list(range(100)), (100,) * 6, seconds, 250.0 * seconds)
    slower = [
        WindowPart(
            energy_j=part.energy_j * pace, seconds=part.seconds * pace, durations_s=part.durations_s * pace
        )
        for part, pace in zip(steady, (1.0, 1.01, 1.02, 1.03, 1.04, 1.05), strict=True)
    ]
    assert population_mean(steady, population=100).relative_half_width < 1e-9
    paces = np.array([1.0, 1.01, 1.02, 1.03, 1.04, 1.05])
    by_hand = t_quantile_95(5) * paces.std(ddof=1) / sqrt(6) / paces.mean()
    assert population_mean(slower, population=100).relative_half_width == pytest.approx(by_hand, rel=0.05)


def test_a_machine_that_gets_slower_shows_before_all_have_run() -> None:
    chance = np.random.default_rng(7)
    seconds = chance.normal(0.1, 0.001, 1000)
    found = []
    for paces in ((1.0,) * 8, (1.0, 1.1) * 4):
        windows = [
            WindowPart(
                energy_j=part.energy_j * pace,
                seconds=part.seconds * pace,
                durations_s=part.durations_s * pace,
            )
            for part, pace in zip(
                parts(list(range(1000)), (50,) * 8, seconds, 250.0 * seconds), paces, strict=True
            )
        ]
        found.append(population_mean(windows, population=1000).relative_half_width)
    assert found[0] < 0.002
    assert found[1] > 0.03


def test_long_tails_up_to_a_cap_do_not_break_the_interval() -> None:
    """Outputs of geometric length, a tenth of them at the cap, in windows of ten seconds until it is enough."""
    chance = np.random.default_rng(8)
    inside, errors = [], []
    for _ in range(60):
        seconds = 0.02 * np.minimum(chance.geometric(1 / 60, 1000), 140).astype(float)
        joules = 250.0 * seconds * chance.normal(1.0, 0.05, 1000)
        order, windows, ahead = chance.permutation(1000), [], 0
        while True:
            chosen, lasted_s = [], 0.0
            while lasted_s < 10.0:
                chosen.append(order[ahead % 1000])
                lasted_s += seconds[chosen[-1]]
                ahead += 1
            windows.append(
                WindowPart(
                    energy_j=float(joules[chosen].sum()), seconds=lasted_s, durations_s=seconds[chosen]
                )
            )
            found = population_mean(windows, population=1000)
            if len(windows) >= 8 and (found.relative_half_width < 0.02 or len(windows) == 60):
                break
        errors.append(found.per_query_j / joules.mean() - 1)
        inside.append(abs(errors[-1]) <= found.relative_half_width)
    assert np.mean(inside) >= 0.88
    assert abs(np.mean(errors)) < 3 * np.std(errors) / sqrt(60) + 0.001


def test_one_window_tells_no_uncertainty() -> None:
    found = population_mean(parts([0, 1, 2, 3, 4, 5], (3,), SECONDS, JOULES), population=6)
    assert found.relative_half_width == inf
    assert found.per_query_j == pytest.approx(JOULES[:3].mean())


@pytest.mark.parametrize(
    ("windows", "population", "sizes"),
    [
        ([], 5, None),
        ([WindowPart(energy_j=1.0, seconds=1.0, durations_s=np.array([]))], 5, None),
        ([WindowPart(energy_j=1.0, seconds=0.0, durations_s=np.array([1.0]))], 5, None),
        ([WindowPart(energy_j=1.0, seconds=1.0, durations_s=np.array([1.0]))], 0, None),
        ([WindowPart(energy_j=1.0, seconds=1.0, durations_s=np.array([1.0]))], 5, np.ones(4)),
    ],
)
def test_what_is_no_part_of_a_population_is_refused(
    windows: list[WindowPart], population: int, sizes: np.ndarray | None
) -> None:
    with pytest.raises(TraceInconsistent):
        population_mean(windows, population=population, sizes=sizes)


@st.composite
def sessions(draw: st.DrawFn) -> tuple[list[WindowPart], int, np.ndarray]:
    """Any windows, of any population."""
    population = draw(st.integers(2, 120))
    counts = draw(st.lists(st.integers(1, 60), min_size=2, max_size=6))
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    seconds = chance.lognormal(-1.0, draw(st.floats(0.0, 1.5)), population)
    joules = seconds * chance.uniform(100, 300, population)
    order = list(chance.permutation(population))
    sizes = (seconds * 1000 + chance.uniform(0, draw(st.floats(1, 5000)), population)).round()
    return parts(order, tuple(counts), seconds, joules), population, sizes[order]


@pytest.mark.laws
@law()
@given(session=sessions(), units_j=st.floats(1e-3, 1e3), units_s=st.floats(1e-3, 1e3))
def test_units_do_not_matter_and_every_number_is_possible(
    session: tuple[list[WindowPart], int, np.ndarray], units_j: float, units_s: float
) -> None:
    windows, population, sizes = session
    found = population_mean(windows, population=population, sizes=sizes)
    scaled = population_mean(
        [
            WindowPart(
                energy_j=part.energy_j * units_j,
                seconds=part.seconds * units_s,
                durations_s=part.durations_s * units_s,
            )
            for part in windows
        ],
        population=population,
        sizes=sizes * 3.0,
    )
    assert scaled.per_query_j == pytest.approx(found.per_query_j * units_j, rel=1e-9)
    assert scaled.relative_half_width == pytest.approx(found.relative_half_width, rel=1e-6, abs=1e-9)
    assert found.per_query_j > 0
    assert found.relative_half_width >= 0
    assert found.degrees > 0
    if sum(len(part.durations_s) for part in windows) >= population:
        assert found.queries_u == 0.0
