"""How good the answers were, over how many questions, and how far chance may have moved that."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.quality import Score, quality_values
from joulemark.consensus.quality_difference import ModelScore, quality_differences
from joulemark.consensus.quality_interval import (
    difference_interval,
    quality_interval,
    surely_above,
    wilson,
)
from tests.laws import EXAMPLES, law


def score(who: str, value: float, n: int, *, device: str = "", metric: str = "accuracy") -> Score:
    return Score(
        contributor=who, device=device or who, metric=metric, value=value, n=n, higher_is_better=True
    )


@pytest.mark.laws
@law()
@given(st.integers(1, 10**6), st.data())
def test_the_interval_of_a_share_is_wilsons(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    low, high = wilson(right / n, n)
    expected = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= low <= right / n <= high <= 1


@pytest.mark.laws
@pytest.mark.parametrize("kind", ["shares", "scores"])
@pytest.mark.parametrize("people", [1, 2, 5])
def test_nineteen_of_twenty_intervals_hold_the_truth(kind: str, people: int) -> None:
    """Over models that are good or bad and samples of all sizes; each contributor draws its own, or all the same."""
    chance = np.random.default_rng([people, len(kind)])
    cells, held = max(10 * EXAMPLES, 2000), 0
    for _ in range(cells):
        truth, n = chance.uniform(0.02, 0.98), int(chance.choice([2, 5, 24, 100, 1000]))
        same = chance.random() < 0.5
        if kind == "shares":
            found = chance.binomial(n, truth, people) / n
        else:  # the most that a score between 0 and 1 can scatter, and less
            tight = chance.uniform(0.1, 5)
            found = np.array(
                [chance.beta(truth * tight, (1 - truth) * tight, n).mean() for _ in range(people)]
            )
        if same:
            found[:] = found[0]
        metric = "accuracy" if kind == "shares" else "rouge-l"
        (value,) = quality_values(
            score(str(who), float(number), n, metric=metric) for who, number in enumerate(found)
        )
        assert value.low is not None
        assert value.high is not None
        held += value.low <= truth <= value.high
    assert held >= 0.94 * cells


def test_pooled_sessions_over_the_same_questions_are_not_more_questions() -> None:
    once = quality_values([score("ada", 0.5, 24)])
    often = quality_values([score(who, 0.5, 24) for who in "abcdefgh" for _ in range(5)])
    assert [value.n for value in (*once, *often)] == [24, 960]
    assert {(value.n_questions, value.low, value.high) for value in (*once, *often)} == {
        (24, *wilson(0.5, 24))
    }


def test_one_contributor_with_few_answers_neither_widens_nor_narrows_what_most_asked() -> None:
    (value,) = quality_values([score("mallory", 1.0, 1), *(score(who, 0.5, 100) for who in "abc")])
    assert (value.value, value.n_questions) == (0.5, 100)
    (value,) = quality_values([score("mallory", 1.0, 10**6), *(score(who, 0.5, 10) for who in "abc")])
    assert (value.value, value.n_questions) == (0.5, 10)
    (value,) = quality_values([score("ada", 1.0, 2), score("lin", 0.5, 1000)])
    assert value.n_questions == 2


@pytest.mark.parametrize(
    ("metric", "value", "n", "reason"),
    [
        ("macro-f1", 0.5, 100, "no-mean-over-questions"),
        ("map", 0.5, 100, "no-mean-over-questions"),
        ("perplexity", 12.0, 100, "no-mean-over-questions"),
        ("accuracy", 0.5, None, "n-not-known"),
        ("accuracy", 1.2, 100, "outside-0-to-1"),
    ],
)
def test_a_metric_without_an_interval_has_the_reason(
    metric: str, value: float, n: int | None, reason: str
) -> None:
    assert quality_interval(metric, value, n) == (None, None, None, reason)


def test_a_difference_of_shares_is_newcombes() -> None:
    """56 of 70 less 48 of 80: 0.0524 to 0.3339 (Newcombe 1998, table II, case a, method 10)."""
    low, high = difference_interval(56 / 70, wilson(56 / 70, 70), 48 / 80, wilson(48 / 80, 80))
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert surely_above(56 / 70, wilson(56 / 70, 70), 48 / 80, wilson(48 / 80, 80))


@pytest.mark.parametrize("bad", [score("ada", float("nan"), 5), score("ada", 0.5, 0)])
def test_a_score_that_is_none_is_refused(bad: Score) -> None:
    with pytest.raises(ImpossibleValue, match="finite"):
        quality_values([bad])


def test_two_directions_of_one_metric_are_two_metrics() -> None:
    other = score("lin", 0.2, 10)._replace(higher_is_better=False)
    assert [value.value for value in quality_values([score("ada", 0.9, 10), other])] == [0.2, 0.9]


shares = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@pytest.mark.laws
@law()
@given(shares, shares)
def test_a_difference_of_shares_is_never_said_to_be_more_than_all(
    general: list[float], specific: list[float]
) -> None:
    (found,) = quality_differences(
        ModelScore(
            model=f"{kind}{place}",
            general_purpose=kind == "g",
            source="here",
            metric="accuracy",
            higher_is_better=True,
            value=value,
            interval=None,
        )
        for kind, values in (("g", general), ("s", specific))
        for place, value in enumerate(values)
    )
    if found.low is None or found.high is None:
        assert found.no_interval is not None
        assert found.over_models is False
    else:
        assert -1 <= found.low <= found.difference <= found.high <= 1
        assert (found.low, found.high) != (-1, 1)
        assert found.no_interval is None
