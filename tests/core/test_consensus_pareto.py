"""Nobody on the front is beaten, and everybody off it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulemark.consensus.pareto import Choice, pareto_front

few = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0])
choices = st.lists(st.builds(Choice, energy=few, quality=few), max_size=12)


def beats(one: Choice, other: Choice, *, higher: bool) -> bool:
    sign = 1 if higher else -1
    as_good = one.energy <= other.energy and sign * one.quality >= sign * other.quality
    return as_good and one != other


@settings(deadline=None)
@given(choices, st.booleans())
def test_the_front_is_what_nobody_beats(listed: list[Choice], higher: bool) -> None:  # noqa: FBT001 - drawn
    front = pareto_front(listed, higher_is_better=higher)
    expected = {
        place
        for place, choice in enumerate(listed)
        if not any(beats(other, choice, higher=higher) for other in listed)
    }
    assert set(front) == expected
    assert [listed[place].energy for place in front] == sorted(listed[place].energy for place in front)


def test_equal_choices_keep_their_order() -> None:
    same = Choice(energy=1.0, quality=0.5)
    assert pareto_front([Choice(energy=2.0, quality=0.5), same, same]) == [1, 2]


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        pareto_front([Choice(energy=1.0, quality=float("nan"))])
