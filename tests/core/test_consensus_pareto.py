"""Nobody is off the front but whom another one surely beats in energy and in quality."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.pareto import ParetoOption, pareto_front
from joulemark.consensus.quality_interval import wilson
from tests.laws import EXAMPLES, law

few = st.sampled_from([1.0, 2.0, 3.0, 4.0])


def exact(energy: float, quality: float) -> ParetoOption:
    return ParetoOption(
        energy=energy, quality=quality, energy_interval=(energy, energy), quality_interval=(quality, quality)
    )


def of_questions(energy: float, right: int, asked: int) -> ParetoOption:
    share = right / asked
    return ParetoOption(
        energy=energy,
        quality=share,
        energy_interval=(energy * 0.97, energy * 1.03),
        quality_interval=wilson(share, asked),
    )


@pytest.mark.laws
@law()
@given(st.lists(st.builds(exact, few, few), max_size=12), st.booleans())
def test_exact_numbers_have_the_classic_front_of_strictly_better_ones(
    listed: list[ParetoOption],
    higher: bool,  # noqa: FBT001 - drawn
) -> None:
    front = pareto_front(listed, higher_is_better=higher)
    sign = 1 if higher else -1
    beaten = {
        place
        for place, choice in enumerate(listed)
        if any(o.energy < choice.energy and sign * o.quality > sign * choice.quality for o in listed)
    }
    if len({choice.quality for choice in listed}) < 2:
        assert front.unbeaten == front.beaten == []
        return
    assert set(front.beaten) == beaten
    assert set(front.unbeaten) == set(range(len(listed))) - beaten
    assert [listed[place].energy for place in front.unbeaten] == sorted(
        listed[place].energy for place in front.unbeaten
    )


def test_two_answers_decide_nothing() -> None:
    """Both answers right beside one of two: the front was drawn from that."""
    front = pareto_front([of_questions(1.0, 2, 2), of_questions(9.0, 1, 2)])
    assert (front.unbeaten, front.beaten) == ([], [])


def test_a_thousand_questions_decide_what_two_cannot() -> None:
    front = pareto_front([of_questions(1.0, 990, 1000), of_questions(9.0, 700, 1000)])
    assert (front.unbeaten, front.beaten) == ([0], [1])


def test_a_difference_within_chance_takes_nobody_off_the_front() -> None:
    cheap, dear, bad = of_questions(1.0, 96, 100), of_questions(9.0, 95, 100), of_questions(9.5, 40, 100)
    front = pareto_front([cheap, dear, bad])
    assert (front.unbeaten, front.beaten) == ([0, 1], [2])


def test_an_energy_within_chance_takes_nobody_off_the_front() -> None:
    better, worse = of_questions(1.0, 990, 1000), of_questions(1.02, 700, 1000)
    front = pareto_front([better, worse])
    assert (front.unbeaten, front.beaten) == ([0, 1], [])


@pytest.mark.parametrize("missing", ["energy_interval", "quality_interval"])
def test_whose_chance_nobody_knows_is_neither_on_the_front_nor_beaten(missing: str) -> None:
    known = [of_questions(1.0, 990, 1000), of_questions(9.0, 700, 1000)]
    nothing: dict[str, Any] = {missing: None}
    unknown = replace(of_questions(20.0, 100, 1000), **nothing)
    front = pareto_front([*known, unknown])
    assert (front.unbeaten, front.beaten) == ([0], [1])
    assert pareto_front([known[0], unknown]).unbeaten == []


def test_equal_choices_keep_their_order() -> None:
    same = exact(1.0, 0.5)
    assert pareto_front([exact(2.0, 0.4), same, same]).unbeaten == [1, 2]


@pytest.mark.laws
def test_boards_on_which_chance_alone_takes_somebody_off_the_front_are_few() -> None:
    """Models that truly answer alike and cost more and more: at most 5 % of boards, whatever is asked how often."""
    chance = np.random.default_rng(16)
    boards, wrong = max(10 * EXAMPLES, 1000), 0
    for _ in range(boards):
        n, models = int(chance.choice([2, 5, 24, 100, 1000])), int(chance.integers(2, 17))
        share = chance.uniform(0.05, 0.98)
        listed = [of_questions(2.0**place, int(chance.binomial(n, share)), n) for place in range(models)]
        wrong += bool(pareto_front(listed).beaten)
    assert wrong <= 0.05 * boards


@pytest.mark.laws
@law()
@given(
    st.lists(st.tuples(st.floats(0.1, 10), st.integers(0, 30), st.integers(30, 60)), min_size=2, max_size=8)
)
def test_more_questions_of_the_same_share_never_take_back_that_somebody_is_beaten(
    models: list[tuple[float, int, int]],
) -> None:
    before = pareto_front([of_questions(energy, right, asked) for energy, right, asked in models])
    after = pareto_front([of_questions(energy, 10 * right, 10 * asked) for energy, right, asked in models])
    assert set(before.beaten) <= set(after.beaten)
    assert not set(before.beaten) & set(before.unbeaten)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(number: float) -> None:
    with pytest.raises(ImpossibleValue, match="finite"):
        pareto_front([replace(exact(1.0, 0.5), quality=number)])
    with pytest.raises(ImpossibleValue, match="finite"):
        pareto_front([replace(exact(1.0, 0.5), energy=number)])
