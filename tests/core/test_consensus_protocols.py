"""Whether two protocols agree: hand-made cells with a known answer, and how often the test is right by chance."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.protocols import LEAST_CELLS, MARGIN, MeasuredTwice, compare_protocols
from joulemark.consensus.student_t import t_quantile_95
from tests.laws import law


def cells(differences: list[float], u: float = 0.01, *, first_j: float = 5.0) -> list[MeasuredTwice]:
    """Both protocols as sure as each other; the joint standard uncertainty is `u`."""
    return [
        MeasuredTwice(
            cell=number,
            first_j=first_j,
            first_u=u / sqrt(2),
            second_j=first_j * exp(difference),
            second_u=u / sqrt(2),
        )
        for number, difference in enumerate(differences)
    ]


def scattered(number: int, *, mean: float, u: float, seed: int) -> list[float]:
    return list(np.random.default_rng(seed).normal(mean, u, number))


def test_twenty_cells_that_differ_by_chance_alone_agree() -> None:
    differences = [0.008, -0.008] * 10
    found = compare_protocols(cells(differences))
    half = t_quantile_95(19) * 0.008 * sqrt(20 / 19) / sqrt(20)
    assert found.verdict == "agree"
    assert (found.low, found.high) == pytest.approx((-half, half))
    assert found.dispersion == pytest.approx(0.64)
    assert found.dispersion_p == pytest.approx(0.886, abs=0.003), "chi-square of 12.8 with 20 degrees"


def test_nineteen_cells_are_too_few_however_well_they_agree() -> None:
    assert compare_protocols(cells([0.001, -0.001] * 9 + [0.0])).verdict == "too-few-cells"
    assert compare_protocols(cells([0.001])).low is None


def test_a_protocol_that_is_off_by_two_in_a_hundred_differs() -> None:
    differences = scattered(20, mean=0.02, u=0.005, seed=1)
    assert compare_protocols(cells(differences, u=0.02)).verdict == "differ"


def test_cells_that_scatter_too_much_to_tell_are_not_taken_for_agreement() -> None:
    """As much as they say themselves, so that nothing is wrong, and too much for one in a hundred."""
    found = compare_protocols(cells([0.06, -0.06] * 10, u=0.06))
    assert found.verdict == "not-known"
    assert found.high is not None
    assert found.high > log(1 + MARGIN)


def test_errors_that_cancel_in_the_mean_do_not_hide() -> None:
    """Ten kinds of work read 2 % high and ten 2 % low, by results that state 0.5 %."""
    found = compare_protocols(cells([0.02, -0.02] * 100, u=0.005))
    assert found.mean == pytest.approx(0.0)
    assert found.dispersion == pytest.approx(16.0)
    assert found.verdict == "differ"


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        cells([0.0]) * 2,
        cells([0.0], first_j=0.0),
        cells([0.0], first_j=float("inf")),
        cells([0.0], u=0.0),
    ],
)
def test_what_cannot_be_compared_is_refused(wrong: list[MeasuredTwice]) -> None:
    with pytest.raises(ImpossibleValue):
        compare_protocols(wrong)


def test_by_chance_a_true_agreement_is_hardly_ever_denied_and_a_false_one_hardly_ever_granted() -> None:
    def verdicts(mean: float) -> list[str]:
        return [
            compare_protocols(cells(scattered(40, mean=mean, u=0.01, seed=seed), u=0.01)).verdict
            for seed in range(300)
        ]

    same, off = verdicts(0.0), verdicts(log(1 + MARGIN) + 0.0005)
    assert same.count("agree") / 300 > 0.93
    assert same.count("differ") / 300 < 0.05
    assert off.count("agree") / 300 < 0.05


@pytest.mark.laws
@law(share=0.5)
@given(st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=40), st.floats(1e-3, 0.2), st.floats(1e-6, 1e6))
def test_neither_the_unit_nor_the_side_nor_the_order_matters(
    differences: list[float], u: float, unit: float
) -> None:
    found = compare_protocols(cells(differences, u))
    scaled = compare_protocols(list(reversed(cells(differences, u, first_j=unit))))
    swapped = compare_protocols(cells([-difference for difference in differences], u))
    assert scaled.verdict == swapped.verdict == found.verdict
    assert (scaled.mean, -swapped.mean) == pytest.approx((found.mean, found.mean), abs=1e-9)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.mean <= found.high
    assert 0 <= found.dispersion_p <= 1
    if len(differences) < LEAST_CELLS:
        assert found.verdict == "too-few-cells"
