"""One value from many results: exact cases, and the laws that any combination must obey."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from statistics import median

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from joulemark.consensus.cell import ResultReading, cell_value, log_median
from joulemark.consensus.quality import Score, quality_values
from joulemark.consensus.rank import Rank, Standing, ranks, surely_lower
from joulemark.consensus.voices import Observation, mean_of_two, voices

ROUNDING = 1e-11
"""Values are kept at 12 significant digits."""
LAW = settings(deadline=None)  # the machine may be busy
energies = st.floats(min_value=1e-9, max_value=1e9)
readings = st.lists(
    st.builds(
        ResultReading,
        contributor=st.sampled_from(["ada", "grace", "lin"]),
        device=st.sampled_from(["a", "b", "c", "d"]),
        energy_per_query_j=energies,
    ),
    min_size=1,
    max_size=20,
)


def reading(contributor: str, device: str, energy: float) -> ResultReading:
    return ResultReading(contributor=contributor, device=device, energy_per_query_j=energy)


def test_a_contributor_speaks_once_however_often_it_reports() -> None:
    value = cell_value(
        [*[reading("ada", "a", 100.0)] * 50, reading("grace", "b", 1.0), reading("lin", "c", 2.0)]
    )
    assert value.energy_per_query_j == 2.0
    assert (value.least_j, value.most_j) == (1.0, 100.0)
    assert (value.n_devices, value.n_contributors, value.n_results) == (3, 3, 52)
    assert value.label == "several sources"


def test_an_even_count_takes_the_geometric_mean_of_the_middle_two() -> None:
    value = cell_value([reading("ada", "a", 1.0), reading("grace", "b", 4.0)])
    assert value.energy_per_query_j == pytest.approx(2.0, rel=ROUNDING)


def test_one_contributor_with_many_devices_is_a_single_source() -> None:
    assert cell_value([reading("ada", "a", 1.0), reading("ada", "b", 2.0)]).label == "single source"


def test_one_device_under_many_names_is_a_single_source_and_counts_once() -> None:
    value = cell_value([reading(f"sock-{n}", "same", 1.0 + n / 100) for n in range(51)])
    assert (value.label, value.n_devices, value.n_contributors) == ("single source", 1, 51)
    assert value.energy_per_query_j == 1.25


def test_invented_tags_buy_one_key_no_more_than_one_voice() -> None:
    invented = [reading("mallory", f"tag-{n}", 100.0 + n) for n in range(5)]
    honest = [reading("ada", "a", 1.0), reading("grace", "b", 1.2)]
    value = cell_value([*invented, *honest])
    assert (value.energy_per_query_j, value.least_j, value.most_j) == (1.2, 1.0, 102.0)
    assert (value.n_devices, value.n_contributors) == (7, 3)


def test_a_contributor_says_the_median_over_its_devices() -> None:
    value = cell_value([*[reading("ada", "a", 9.0)] * 9, reading("ada", "b", 1.0), reading("ada", "c", 2.0)])
    assert (value.energy_per_query_j, value.least_j, value.most_j) == (2.0, 2.0, 2.0)


def test_many_keys_on_one_device_weigh_as_one_against_others() -> None:
    socks = [reading(f"sock-{n}", "same", 100.0) for n in range(50)]
    value = cell_value([*socks, reading("ada", "a", 1.0), reading("grace", "b", 2.0)])
    assert (value.energy_per_query_j, value.n_devices, value.n_contributors) == (2.0, 3, 52)


def test_reporting_under_the_tags_of_others_does_not_silence_them() -> None:
    honest = [reading(name, name, 1.0 + n / 10) for n, name in enumerate(["ada", "grace", "lin"])]
    value = cell_value([*honest, *[reading("mallory", name, 500.0) for name in ("ada", "grace", "lin")]])
    assert value.energy_per_query_j == pytest.approx((1.1 * 1.2) ** 0.5, rel=ROUNDING)
    assert value.label == "several sources"


@LAW
@given(readings)
def test_nobody_and_no_device_weighs_more_than_one(listed: list[ResultReading]) -> None:
    said = [
        Observation(contributor=r.contributor, device=r.device, value=r.energy_per_query_j) for r in listed
    ]
    heard = voices(said, between=mean_of_two)
    assert all(0 < voice.weight <= 1 for voice in heard)
    together = sum(voice.weight for voice in heard)
    assert together <= len({word.device for word in said})
    assert together <= len({word.contributor for word in said}) == len(heard)


@LAW
@given(energies, energies, st.lists(energies, min_size=1, max_size=9))
def test_whatever_one_key_invents_the_value_stays_between_two_honest_ones(
    one: float, other: float, invented: list[float]
) -> None:
    tags = [reading("mallory", f"tag-{n}", energy) for n, energy in enumerate(invented)]
    value = cell_value([reading("ada", "a", one), reading("grace", "b", other), *tags])
    assert min(one, other) * (1 - ROUNDING) <= value.energy_per_query_j <= max(one, other) * (1 + ROUNDING)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_a_value_that_is_no_energy_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        cell_value([reading("ada", "a", 1.0), reading("grace", "b", bad)])


def test_no_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        cell_value([])


def test_the_median_of_extreme_energies_neither_overflows_nor_vanishes() -> None:
    assert log_median([1e300, 1e308]) == pytest.approx(1e304, rel=1e-9)
    assert log_median([1e-308, 1e-300]) == pytest.approx(1e-304, rel=1e-9)


@LAW
@given(readings, st.randoms())
def test_the_order_of_results_does_not_matter(listed: list[ResultReading], random: Random) -> None:
    shuffled = list(listed)
    random.shuffle(shuffled)
    assert cell_value(shuffled) == cell_value(listed)


@LAW
@given(readings, st.sampled_from([0.125, 0.5, 2.0, 1024.0]))
def test_another_unit_scales_the_value(listed: list[ResultReading], factor: float) -> None:
    scaled = [replace(r, energy_per_query_j=r.energy_per_query_j * factor) for r in listed]
    before, after = cell_value(listed), cell_value(scaled)
    assert after.energy_per_query_j == pytest.approx(before.energy_per_query_j * factor, rel=ROUNDING)
    assert (after.least_j, after.most_j) == pytest.approx(
        (before.least_j * factor, before.most_j * factor), rel=ROUNDING
    )


@LAW
@given(readings)
@example([reading("ada", "a", 2.0), reading("grace", "b", 2.0)])
def test_the_value_lies_in_its_range(listed: list[ResultReading]) -> None:
    value = cell_value(listed)
    assert value.least_j <= value.energy_per_query_j <= value.most_j
    if value.low_j is not None and value.high_j is not None:
        assert value.low_j <= value.energy_per_query_j <= value.high_j


@LAW
@given(st.lists(energies, min_size=1, max_size=15).filter(lambda values: len(values) % 2 == 1))
def test_an_odd_count_is_the_plain_median(values: list[float]) -> None:
    assert log_median(values) == median(values)


def standing(value: float, low: float | None, high: float | None) -> Standing:
    return Standing(energy_per_query_j=value, low_j=low, high_j=high)


def test_what_may_be_equal_shares_a_rank_and_a_single_source_has_none() -> None:
    assert ranks([
        standing(5.0, 4.9, 5.1),
        standing(1.0, 0.9, 1.2),
        standing(1.1, 1.0, 1.3),
        standing(0.1, None, None),
    ]) == [Rank(best=3, worst=3), Rank(best=1, worst=2), Rank(best=1, worst=2), None]  # fmt: skip


def test_two_intervals_that_overlap_a_little_may_still_differ_surely() -> None:
    # half-widths of 10 % each leave a difference of 15 %: their legs make 14.1 %, their sum 20 %
    one, other = standing(1.0, 1 / 1.1, 1.1), standing(1.15, 1.15 / 1.1, 1.15 * 1.1)
    assert surely_lower(one, other)
    assert not surely_lower(other, one)
    assert not surely_lower(one, standing(1.13, 1.13 / 1.1, 1.13 * 1.1))


@given(*[st.floats(min_value=5e-324, max_value=1.7e308)] * 2)
@example(1e200, 1e-200)
def test_two_exact_values_are_ranked_however_far_apart(first: float, second: float) -> None:
    both = [standing(first, first, first), standing(second, second, second)]
    if surely_lower(*both):
        assert first < second
        assert not surely_lower(*reversed(both))
    elif abs(math.log(first) - math.log(second)) > ROUNDING:
        assert surely_lower(*reversed(both))
    assert all(ranks(both))


def test_quality_is_combined_by_the_rule_of_energy() -> None:
    scores = [
        Score(contributor=by, device=device, metric="accuracy", value=v, n=10, higher_is_better=True)
        for by, device, v in (
            ("ada", "a", 0.1), ("ada", "b", 0.1), ("ada", "c", 0.1), ("grace", "d", 0.8), ("lin", "e", 0.9)
        )
    ]  # fmt: skip
    (value,) = quality_values(scores)
    assert (value.metric, value.value, value.n) == ("accuracy", 0.8, 50)
