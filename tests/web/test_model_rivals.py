"""What beats a model, and its rank among models of its size, against a brute-force reading of the definitions."""

from __future__ import annotations

from math import hypot, log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.boards.model_rivals import (
    SIZE_FACTOR,
    Rival,
    better_ones,
    is_of_size,
    size_rank,
)
from tests.laws import law

sizes = st.one_of(st.none(), st.sampled_from([1, 2, 3, 4, 5, 6, 8, 9]))
energies = st.sampled_from([1.0, 1.1, 1.5, 2.0, 3.0])
widths = st.one_of(st.none(), st.sampled_from([1.0, 1.02, 1.2, 2.0]))
scores = st.dictionaries(st.sampled_from(["accuracy", "wer"]), st.sampled_from([0.1, 0.5, 0.9]), max_size=2)


def contender(name: str, size: int | None, energy: float, width: float | None, scored: Any) -> Rival:
    return Rival(
        model=name,
        title=name,
        kind="general-purpose",
        parameters=size,
        energy_per_query_j=energy,
        ends=None if width is None else (energy / width, energy * width),
        scores={
            metric: {"metric": metric, "value": value, "higher_is_better": metric == "accuracy"}
            for metric, value in scored.items()
        },
    )


drawn = st.lists(st.tuples(sizes, energies, widths, scores), min_size=1, max_size=9)


def lower(one: Rival, other: Rival) -> bool:
    """The interval of log(other / one) lies above 0, written out."""
    if one.ends is None or other.ends is None:
        return False
    difference = log(other.energy_per_query_j / one.energy_per_query_j)
    half = hypot(log(one.ends[1] / one.energy_per_query_j), log(other.energy_per_query_j / other.ends[0]))
    return difference > half


@pytest.mark.laws
@law()
@given(drawn)
def test_better_ones_are_those_that_the_definition_names(listed: list[tuple[Any, ...]]) -> None:
    own, *others = [contender(f"m{place}", *values) for place, values in enumerate(listed)]
    expected = set()
    for other in others:
        common = [name for name in ("accuracy", "wer") if name in own.scores and name in other.scores]
        signs = {"accuracy": 1, "wer": -1}
        worse = [
            name
            for name in common
            if signs[name] * other.scores[name]["value"] < signs[name] * own.scores[name]["value"]
        ]
        if common and not worse and lower(other, own):
            expected.add(other.model)
    found = better_ones(own, others)
    assert {better.contender.model for better in found} == expected
    assert [better.contender.energy_per_query_j for better in found] == sorted(
        better.contender.energy_per_query_j for better in found
    )
    for better in found:
        assert better.relative.value < 1
        assert better.relative.high is not None
        assert better.relative.high < 1, "what surely uses less has a ratio whose interval lies below 1"
        assert [metric for metric in sorted(own.scores) if metric in better.contender.scores] == [
            its["metric"] for its, _ in better.scores
        ]


@pytest.mark.laws
@law()
@given(drawn)
def test_a_rank_among_models_of_a_size_counts_those_that_are_surely_lower_and_higher(
    listed: list[tuple[Any, ...]],
) -> None:
    own, *others = [contender(f"m{place}", *values) for place, values in enumerate(listed)]
    rank = size_rank(own, others)
    if own.parameters is None or own.ends is None:
        assert rank is None
        return
    peers = [
        other
        for other in others
        if other.ends is not None
        and other.parameters is not None
        and max(other.parameters / own.parameters, own.parameters / other.parameters) <= SIZE_FACTOR
    ]
    assert rank is not None
    assert rank.n_models == 1 + len(peers)
    assert rank.best == 1 + sum(lower(peer, own) for peer in peers)
    assert rank.worst == 1 + len(peers) - sum(lower(own, peer) for peer in peers)
    assert rank.best <= rank.worst


@pytest.mark.laws
@law()
@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_being_of_a_size_is_mutual(one: int, other: int) -> None:
    assert is_of_size(one, other) == is_of_size(other, one)
    assert is_of_size(one, one)
    assert is_of_size(one, SIZE_FACTOR * one)
    assert not is_of_size(one, SIZE_FACTOR * one + 1)
    assert not is_of_size(one, None)
