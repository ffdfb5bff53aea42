"""General-purpose at equal size: the estimate, its clustered interval, and what it cannot tell."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import linalg, stats

import joulemark.consensus.size_controlled as size_controlled_module
from joulemark.consensus.size_controlled import (
    SizeControlled,
    Sized,
    size_controlled,
    size_controlled_columns,
)

FACTOR, EXPONENT = 2.5, 0.4


def drawn(seed: int, *, between: float = 0.4, within: float = 0.1) -> tuple[list[Sized], list[str]]:
    """A made study like that of 2024: 24 task-specific models on one task each, 8 general-purpose ones on all three."""
    chance = np.random.default_rng(seed)
    observations: list[Sized] = []
    clusters: list[str] = []
    tasks = ("a", "b", "c")
    models = [(f"s{n}", (tasks[n % 3],), False) for n in range(24)] + [
        (f"g{n}", tasks, True) for n in range(8)
    ]
    for name, own_tasks, general in models:
        size = float(np.exp(chance.normal(21.0 if general else 19.0, 1.0)))
        own = chance.normal(0.0, between)
        for task in own_tasks:
            for dataset in range(3):
                log = {"a": -6.0, "b": -5.5, "c": -3.0}[task] + 0.1 * dataset + EXPONENT * (np.log(size) - 20)
                log += (np.log(FACTOR) if general else 0.0) + own + chance.normal(0.0, within)
                observations.append(
                    Sized(
                        group=(task, dataset),
                        energy=float(np.exp(log)),
                        parameters=size,
                        general_purpose=general,
                    )
                )
                clusters.append(name)
    return observations, clusters


def fitted(observations: list[Sized], clusters: list[str]) -> SizeControlled:
    found = size_controlled(observations, clusters)
    assert found is not None
    return found


def by_definition(observations: list[Sized], clusters: list[str]) -> tuple[float, float, float]:
    """The coefficient, its CR2 standard error and Satterthwaite's degrees, from full matrices as they are defined."""
    groups = sorted({str(o.group) for o in observations})
    design = np.array(
        [
            [
                float(o.general_purpose),
                np.log(o.parameters),
                *(float(str(o.group) == group) for group in groups),
            ]
            for o in observations
        ]
    )
    energies = np.log([o.energy for o in observations])
    coefficients, *_ = linalg.lstsq(design, energies)
    bread = linalg.inv(design.T @ design)
    rest = np.eye(len(energies)) - design @ bread @ design.T
    variance, pieces = 0.0, []
    for name in sorted(set(clusters)):
        own = np.array([cluster == name for cluster in clusters])
        adjusted = linalg.fractional_matrix_power(rest[np.ix_(own, own)], -0.5).real
        piece = rest[:, own] @ adjusted @ design[own] @ bread[:, 0]
        pieces.append(piece)
        variance += float((bread[0] @ design[own].T @ adjusted @ (rest @ energies)[own]) ** 2)
    gram = np.array([[one @ two for two in pieces] for one in pieces])
    degrees = np.trace(gram) ** 2 / np.sum(gram**2)
    return float(coefficients[0]), float(np.sqrt(variance)), float(degrees)


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_is_the_one_of_its_definition(seed: int) -> None:
    observations, clusters = drawn(seed)
    found = fitted(observations, clusters).factor
    value, error, degrees = by_definition(observations, clusters)
    half = stats.t.ppf(0.975, degrees) * error
    assert found.degrees == pytest.approx(degrees, rel=1e-6)
    assert np.log([found.value, found.low, found.high]) == pytest.approx(
        [value, value - half, value + half], abs=1e-7
    )


@pytest.mark.parametrize("seed", range(5))
def test_many_clusters_are_summed_up_to_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    few = fitted(*drawn(seed))
    monkeypatch.setattr(size_controlled_module, "MANY_CLUSTERS", 10)
    many = fitted(*drawn(seed))
    assert many.factor.degrees == pytest.approx(few.factor.degrees, rel=1e-9)
    assert many.factor.low == pytest.approx(few.factor.low, rel=1e-9)


def test_memory_does_not_grow_with_the_groups_times_the_observations() -> None:
    """20,000 observations in 1,000 groups by 2,000 clusters: a column for each group would take 160 MB."""
    chance = np.random.default_rng(4)
    n = 20_000
    general = chance.random(n) < 0.3
    sizes = np.exp(chance.normal(19.0, 2.0, n))
    energies = np.exp(EXPONENT * np.log(sizes) + np.log(FACTOR) * general + chance.normal(0, 0.1, n))
    tracemalloc.start()
    found = size_controlled_columns(
        energies=energies,
        parameters=sizes,
        general_purpose=general,
        groups=np.arange(n) // 20,
        clusters=chance.integers(2000, size=n),
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found is not None
    assert found.factor.value == pytest.approx(FACTOR, rel=0.02)
    assert peak < 60e6


def test_with_every_observation_a_cluster_it_is_white_after_mackinnon() -> None:
    observations, _ = drawn(3)
    found = fitted(observations, [str(place) for place in range(len(observations))]).factor
    groups = sorted({str(o.group) for o in observations})
    design = np.array(
        [
            [float(o.general_purpose), np.log(o.parameters), *(float(str(o.group) == g) for g in groups)]
            for o in observations
        ]
    )
    bread = linalg.inv(design.T @ design)
    leverage = np.einsum("ij,jk,ik->i", design, bread, design)
    energies = np.log([o.energy for o in observations])
    residuals = energies - design @ bread @ design.T @ energies
    hc2 = bread @ (design.T * (residuals**2 / (1 - leverage))) @ design @ bread
    half = stats.t.ppf(0.975, found.degrees) * np.sqrt(hc2[0, 0])
    assert np.log(found.high / found.value) == pytest.approx(half, rel=1e-9)


def test_without_noise_the_truth_comes_back() -> None:
    found = fitted(*drawn(1, between=0.0, within=0.0))
    assert found.factor.value == pytest.approx(FACTOR, rel=1e-9)
    assert found.size_exponent.value == pytest.approx(EXPONENT, rel=1e-9)
    assert (found.n_observations, found.n_groups, found.n_clusters) == (144, 9, 32)
    assert found.residual_spread == pytest.approx(0.0, abs=1e-9)


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    n = 800
    fits = [fitted(*drawn(seed)) for seed in range(1000, 1000 + n)]
    held = sum(fit.factor.low <= FACTOR <= fit.factor.high for fit in fits) / n
    sizes = sum(fit.size_exponent.low <= EXPONENT <= fit.size_exponent.high for fit in fits) / n
    assert 0.93 <= held <= 0.97
    assert 0.93 <= sizes <= 0.97
    assert np.median([fit.factor.value for fit in fits]) == pytest.approx(FACTOR, rel=0.03)


def test_it_is_the_clusters_that_count_and_not_their_results() -> None:
    observations, clusters = drawn(7)
    once = fitted(observations, clusters)
    thrice = fitted(observations * 3, clusters * 3)
    assert thrice.factor.value == pytest.approx(once.factor.value, rel=1e-9)
    assert thrice.factor.low == pytest.approx(once.factor.low, rel=1e-9)
    assert thrice.factor.high == pytest.approx(once.factor.high, rel=1e-9)
    apart = fitted(observations * 3, [f"{name}-{n}" for n in range(3) for name in clusters])
    assert apart.factor.high / apart.factor.low < (once.factor.high / once.factor.low) ** 0.8


def test_unit_and_order_change_nothing() -> None:
    observations, clusters = drawn(9)
    before = fitted(observations, clusters)
    order = np.random.default_rng(0).permutation(len(observations))
    scaled = [
        Sized(
            group=observations[place].group,
            energy=observations[place].energy * 3600,
            parameters=observations[place].parameters / 1e6,
            general_purpose=observations[place].general_purpose,
        )
        for place in order
    ]
    after = fitted(scaled, [clusters[place] for place in order])
    for one, other in ((before.factor, after.factor), (before.size_exponent, after.size_exponent)):
        assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high), rel=1e-7)


def test_what_the_data_cannot_tell_is_none() -> None:
    observations, clusters = drawn(2)
    assert size_controlled([], []) is None
    assert size_controlled(observations, ["one"] * len(observations)) is None
    specific = [(o, c) for o, c in zip(observations, clusters, strict=True) if not o.general_purpose]
    assert size_controlled([o for o, _ in specific], [c for _, c in specific]) is None
    same = [
        Sized(
            group=o.group,
            energy=o.energy,
            parameters=2e9 if o.general_purpose else 1e8,
            general_purpose=o.general_purpose,
        )
        for o in observations
    ]
    assert size_controlled(same, clusters) is None


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_number_that_is_no_energy_or_size_is_refused(bad: float) -> None:
    good = Sized(group="a", energy=1.0, parameters=1e8, general_purpose=True)
    for broken in (
        Sized(group="a", energy=bad, parameters=1e8, general_purpose=False),
        Sized(group="a", energy=1.0, parameters=bad, general_purpose=False),
    ):
        with pytest.raises(ValueError, match="positive and finite"):
            size_controlled([good, broken], ["x", "y"])
    with pytest.raises(ValueError, match="its cluster"):
        size_controlled([good], [])
