"""General-purpose over task-specific: divided within a device where one ran both, else from cells."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from joulemark.consensus.ratio import ModelValue, paired_ratio

LAW = settings(deadline=None)  # the machine may be busy
energies = st.floats(min_value=1e-6, max_value=1e6)
values = st.lists(
    st.builds(
        ModelValue,
        model=st.sampled_from(["m1", "m2", "m3"]),
        general_purpose=st.just(value=False),
        source=st.sampled_from(["a", "b", "c"]),
        energy_per_query_j=energies,
    ).map(lambda value: replace(value, general_purpose=value.model == "m3")),
    max_size=9,
    unique_by=lambda value: (value.model, value.source),
)


def value(model: str, source: str, energy: float) -> ModelValue:
    general = model.startswith("general")
    return ModelValue(model=model, general_purpose=general, source=source, energy_per_query_j=energy)


def test_a_devices_own_bias_cancels() -> None:
    devices = [
        value("general", "a", 10.0),
        value("small", "a", 1.0),
        value("general", "b", 30.0),
        value("small", "b", 3.0),
    ]
    found = paired_ratio(
        device_values=devices, cell_values=[value("general", "x", 99.0), value("small", "x", 1.0)]
    )
    assert found is not None
    assert found.ratio == pytest.approx(10.0, rel=1e-12)
    assert (found.n_pairs, found.n_sources, found.formed) == (1, 2, "same device")


def test_invented_tags_buy_no_votes_in_a_ratio() -> None:
    def both(by: str, device: str, ratio: float) -> list[ModelValue]:
        return [
            replace(value(model, "same", energy), contributor=by, device=device)
            for model, energy in (("general", ratio), ("small", 1.0))
        ]

    invented = [v for n in range(5) for v in both("mallory", f"tag-{n}", 1000.0)]
    honest = [*both("ada", "a", 10.0), *both("grace", "b", 12.0)]
    found = paired_ratio(device_values=[*invented, *honest], cell_values=[])
    assert found is not None
    assert found.ratio == pytest.approx(12.0, rel=1e-12)
    assert found.n_sources == 7


def test_many_keys_on_one_device_are_one_source_of_a_ratio() -> None:
    socks = [
        replace(value(model, "same", energy), contributor=f"sock-{n}", device="same")
        for n in range(9)
        for model, energy in (("general", 100.0), ("small", 1.0))
    ]
    found = paired_ratio(device_values=socks, cell_values=[])
    assert found is not None
    assert (found.n_sources, found.ratio) == pytest.approx((1, 100.0), rel=1e-12)


def test_cells_are_divided_where_no_device_ran_both() -> None:
    devices = [value("general", "a", 10.0), value("small", "b", 1.0)]
    cells = [value("general", "x", 8.0), value("small", "x", 2.0)]
    found = paired_ratio(device_values=devices, cell_values=cells)
    assert found is not None
    assert found.ratio == pytest.approx(4.0, rel=1e-12)
    assert found.formed == "cells"


def test_each_pair_of_models_counts_once_and_mixed_forms_say_so() -> None:
    devices = [value("general", source, 4.0) for source in "abc"] + [
        value("small", source, 1.0) for source in "abc"
    ]
    cells = [value("general", "x", 4.0), value("small", "x", 3.0), value("tiny", "x", 0.25)]
    found = paired_ratio(device_values=devices, cell_values=cells)
    assert found is not None
    assert found.ratio == pytest.approx(8.0, rel=1e-12)  # geometric mean of 4 and 16
    assert (found.low, found.high) == pytest.approx((4.0, 16.0), rel=1e-12)
    assert (found.n_pairs, found.formed) == (2, "mixed")


def test_values_under_other_conditions_are_never_divided() -> None:
    assert (
        paired_ratio(device_values=[], cell_values=[value("general", "gpu", 1.0), value("small", "cpu", 1.0)])
        is None
    )


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_value_that_is_no_energy_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        paired_ratio(device_values=[], cell_values=[value("general", "x", bad)])


@LAW
@given(values, values, st.randoms())
def test_the_order_does_not_matter(
    devices: list[ModelValue], cells: list[ModelValue], random: Random
) -> None:
    before = paired_ratio(device_values=devices, cell_values=cells)
    random.shuffle(devices)
    random.shuffle(cells)
    after = paired_ratio(device_values=devices, cell_values=cells)
    assert (before is None) == (after is None)
    if before and after:
        assert after.ratio == pytest.approx(before.ratio, rel=1e-9)
        assert after.n_pairs == before.n_pairs


@LAW
@given(values, values, st.sampled_from([0.25, 8.0]))
def test_another_unit_changes_nothing(
    devices: list[ModelValue], cells: list[ModelValue], factor: float
) -> None:
    def scaled(listed: list[ModelValue]) -> list[ModelValue]:
        return [replace(v, energy_per_query_j=v.energy_per_query_j * factor) for v in listed]

    before = paired_ratio(device_values=devices, cell_values=cells)
    after = paired_ratio(device_values=scaled(devices), cell_values=scaled(cells))
    assert (before is None) == (after is None)
    if before and after:
        assert after.ratio == pytest.approx(before.ratio, rel=1e-9)


@LAW
@given(values, values)
def test_the_other_way_round_is_the_inverse(devices: list[ModelValue], cells: list[ModelValue]) -> None:
    def swapped(listed: list[ModelValue]) -> list[ModelValue]:
        return [replace(v, general_purpose=not v.general_purpose) for v in listed]

    there = paired_ratio(device_values=devices, cell_values=cells)
    back = paired_ratio(device_values=swapped(devices), cell_values=swapped(cells))
    assert (there is None) == (back is None)
    if there and back:
        assert back.ratio == pytest.approx(1 / there.ratio, rel=1e-9)
        assert (back.low, back.high) == pytest.approx((1 / there.high, 1 / there.low), rel=1e-9)
        assert back.formed == there.formed


def crowd_of(n: int, *, seed: int, ratio: float = 10.0, far: float = 1.0) -> list[ModelValue]:
    """Contributors that ran both models; their devices' scales cancel, 2 % of noise a run stays; one is `far` off."""
    chance = np.random.default_rng(seed)
    found = []
    for who in range(n):
        scale = chance.lognormal(0, 0.3)
        for model, energy in (("general", ratio), ("small", 1.0)):
            wrong = far if who == 0 and model == "general" else 1.0
            one = value(model, "same", energy * wrong * scale * chance.lognormal(0, 0.02))
            found.append(replace(one, contributor=who, device=who))
    return found


@pytest.mark.parametrize("n", [3, 10, 30])
def test_the_interval_of_a_ratio_holds_the_truth(n: int) -> None:
    """Of 200 at 95 %, 12 misses are two standard deviations more than expected, 20 are more than four."""
    missed = 0
    for seed in range(200):
        found = paired_ratio(device_values=crowd_of(n, seed=seed), cell_values=[])
        assert found is not None
        assert found.low_95 is not None
        assert found.high_95 is not None
        missed += not found.low_95 <= 10.0 <= found.high_95
    assert missed <= 20


def test_one_far_contributor_of_ten_does_not_move_a_ratio_nor_blow_its_interval_up() -> None:
    found = paired_ratio(device_values=crowd_of(10, seed=1, far=3.0), cell_values=[])
    assert found is not None
    assert found.low_95 is not None
    assert found.high_95 is not None
    assert 9.5 < found.low_95 < 10.0 < found.high_95 < 10.5


def test_one_contributor_gives_a_ratio_without_an_interval() -> None:
    found = paired_ratio(device_values=crowd_of(1, seed=1), cell_values=[])
    assert found is not None
    assert (found.low_95, found.high_95) == (None, None)


def test_a_ratio_of_cells_has_the_widths_of_both() -> None:
    cells = [
        replace(value("general", "x", 20.0), half_width=0.03),
        replace(value("small", "x", 2.0), half_width=0.04),
    ]
    found = paired_ratio(device_values=[], cell_values=cells)
    assert found is not None
    assert (found.low_95, found.high_95) == pytest.approx((10 * np.exp(-0.05), 10 * np.exp(0.05)))
    unknown = paired_ratio(device_values=[], cell_values=[cells[0], replace(cells[1], half_width=None)])
    assert unknown is not None
    assert unknown.low_95 is None


def test_the_interval_over_models_is_welchs() -> None:
    general, small = [10.0, 14.0, 8.0, 12.0], [1.0, 1.3, 0.7, 1.1, 0.9]
    values = [value(f"general {n}", "x", energy) for n, energy in enumerate(general)]
    values += [value(f"small {n}", "x", energy) for n, energy in enumerate(small)]
    found = paired_ratio(device_values=[], cell_values=values)
    assert found is not None
    welch = stats.ttest_ind(np.log(general), np.log(small), equal_var=False)
    expected = welch.confidence_interval(0.95)
    assert found.ratio == pytest.approx(stats.gmean(general) / stats.gmean(small), rel=1e-12)
    assert (found.over_models_low, found.over_models_high) == pytest.approx(
        (np.exp(expected.low), np.exp(expected.high)), rel=1e-9
    )
    assert found.degrees == pytest.approx(welch.df, rel=1e-9)
    assert found.no_interval is None
    for few, reason in ((values[3:], "one-model-of-a-kind"), (values[3:5], "one-pair")):
        left = paired_ratio(device_values=[], cell_values=few)
        assert left is not None
        assert (left.over_models_low, left.over_models_high, left.no_interval) == (None, None, reason)


def test_models_that_do_not_differ_say_nothing_of_others() -> None:
    """Not an interval of no width: how much other models would differ, nobody has seen."""
    for energies in ((7.0, 2.0), (0.1, 0.3)):
        values = [value(f"general {n}", "x", energies[0]) for n in range(3)]
        values += [value(f"small {n}", "x", energies[1]) for n in range(4)]
        same = paired_ratio(device_values=[], cell_values=values)
        assert same is not None
        assert same.ratio == pytest.approx(energies[0] / energies[1], rel=1e-12)
        assert (same.over_models_low, same.degrees, same.no_interval) == (None, None, "no-spread")
    nearly = [replace(values[0], energy_per_query_j=energies[0] * 1.0001), *values[1:]]
    found = paired_ratio(device_values=[], cell_values=nearly)
    assert found is not None
    assert found.no_interval is None


@pytest.mark.laws
@pytest.mark.parametrize(("above", "below"), [(2, 2), (4, 8), (3, 2)])
def test_the_interval_over_models_holds_the_truth(above: int, below: int) -> None:
    """Of 1,000 at 95 %: 30 misses fewer or 21 more than expected are three standard deviations."""
    chance = np.random.default_rng([above, below])
    missed = 0
    for _ in range(1000):
        kinds = chance.normal(np.log(10), 0.3, above), chance.normal(0, 0.3, below)
        values = [value(f"general {n}", "x", np.exp(log)) for n, log in enumerate(kinds[0])]
        values += [value(f"small {n}", "x", np.exp(log)) for n, log in enumerate(kinds[1])]
        found = paired_ratio(device_values=[], cell_values=values)
        assert found is not None
        if found.over_models_low is not None and found.over_models_high is not None:
            missed += not found.over_models_low <= 10.0 <= found.over_models_high
    assert 20 <= missed <= 71


def test_one_device_alone_does_not_outweigh_what_many_say() -> None:
    cells = [
        ModelValue(
            model="general", general_purpose=True, source="x", energy_per_query_j=7.0, half_width=0.02
        ),
        ModelValue(model="small", general_purpose=False, source="x", energy_per_query_j=2.0, half_width=0.02),
    ]

    def ran_both(who: str, ratio: float) -> list[ModelValue]:
        return [
            ModelValue(
                model=model,
                general_purpose=general,
                source="x",
                energy_per_query_j=energy,
                contributor=who,
                device=who,
            )
            for model, general, energy in (("general", True, ratio), ("small", False, 1.0))
        ]

    alone = paired_ratio(device_values=ran_both("mallory", 2.4), cell_values=cells)
    assert alone is not None
    assert alone.ratio == pytest.approx(3.5)
    assert alone.formed == "cells"
    assert alone.low_95 is not None
    two = paired_ratio(device_values=[*ran_both("ada", 3.0), *ran_both("lin", 3.4)], cell_values=cells)
    assert two is not None
    assert two.ratio == pytest.approx((3.0 * 3.4) ** 0.5, rel=0.01)
    assert two.formed == "same device"
    nobody_knows = [replace(cells[0], half_width=None), cells[1]]
    left = paired_ratio(device_values=ran_both("ada", 2.4), cell_values=nobody_knows)
    assert left is not None
    assert left.ratio == pytest.approx(2.4)
    assert left.formed == "same device"
