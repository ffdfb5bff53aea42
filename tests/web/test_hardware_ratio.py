"""The ratio of two kinds of hardware by common models, against an independent computation."""

from __future__ import annotations

import statistics
from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.consensus.student_t import t_quantile_95
from measurements.boards.hardware_ratio import CommonValue, NoHardwareInterval, hardware_ratio
from tests.laws import law

energies = st.floats(1e-3, 1e3)
widths = st.floats(1.0, 1.5)


@st.composite
def values(draw: st.DrawFn) -> list[CommonValue]:
    """Up to ten values of up to four models, all with intervals."""
    found = []
    for _ in range(draw(st.integers(1, 10))):
        own, other = draw(energies), draw(energies)
        own_width, other_width = draw(widths), draw(widths)
        found.append(
            CommonValue(
                model=draw(st.sampled_from("abcd")),
                own_j=own,
                other_j=other,
                own_ends=(own / own_width, own * own_width),
                other_ends=(other / other_width, other * other_width),
            )
        )
    return found


def swapped(value: CommonValue) -> CommonValue:
    return CommonValue(
        model=value.model,
        own_j=value.other_j,
        other_j=value.own_j,
        own_ends=value.other_ends,
        other_ends=value.own_ends,
    )


def independent(found: list[CommonValue]) -> tuple[float, float]:
    """The ratio and the half-width on the log scale, with numpy and symmetric intervals."""
    by_model: dict[str, list[CommonValue]] = {}
    for value in found:
        by_model.setdefault(value.model, []).append(value)
    means = np.array([np.mean([log(v.own_j / v.other_j) for v in each]) for each in by_model.values()])
    errors = []
    for each in by_model.values():
        halves = []
        for v in each:
            assert v.own_ends is not None
            assert v.other_ends is not None
            halves.append(sqrt(log(v.own_ends[1] / v.own_j) ** 2 + log(v.other_ends[1] / v.other_j) ** 2))
        errors.append(statistics.fmean(halves))
    over = 0.0 if len(means) < 2 else t_quantile_95(len(means) - 1) * means.std(ddof=1) / sqrt(len(means))
    return float(np.exp(means.mean())), sqrt(over**2 + statistics.fmean(errors) ** 2)


@pytest.mark.laws
@law()
@given(values())
def test_the_ratio_and_its_interval_are_those_of_an_independent_computation(found: list[CommonValue]) -> None:
    ratio = hardware_ratio(found)
    assert ratio is not None
    expected, half = independent(found)
    assert ratio.ratio == pytest.approx(expected, rel=1e-9)
    assert ratio.n_models == len({value.model for value in found})
    assert ratio.n_values == len(found)
    if ratio.low is None or ratio.high is None:
        assert ratio.no_interval == NoHardwareInterval.TOO_WIDE
        assert half > log(100) - 1e-9
        return
    assert ratio.low <= ratio.ratio <= ratio.high
    assert log(ratio.high / ratio.ratio) == pytest.approx(half, rel=1e-6, abs=1e-9)
    assert log(ratio.ratio / ratio.low) == pytest.approx(half, rel=1e-6, abs=1e-9)


@pytest.mark.laws
@law()
@given(values())
def test_seen_from_the_other_card_it_is_the_inverse(found: list[CommonValue]) -> None:
    ratio, inverse = hardware_ratio(found), hardware_ratio([swapped(value) for value in reversed(found)])
    assert ratio is not None
    assert inverse is not None
    assert ratio.ratio * inverse.ratio == pytest.approx(1.0)
    assert (ratio.low is None) == (inverse.low is None)
    if ratio.low is not None and inverse.high is not None:
        assert ratio.low * inverse.high == pytest.approx(1.0)


@pytest.mark.laws
@law()
@given(values(), st.integers(1, 4))
def test_a_model_counts_once_however_many_equal_values_it_has(found: list[CommonValue], times: int) -> None:
    once, often = hardware_ratio(found[:1]), hardware_ratio(found[:1] * times)
    assert once is not None
    assert often is not None
    assert often.ratio == pytest.approx(once.ratio)
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


def test_without_an_interval_of_one_value_there_is_none_of_the_ratio() -> None:
    value = CommonValue(model="a", own_j=2.0, other_j=1.0, own_ends=(1.8, 2.2), other_ends=(0.9, 1.1))
    known = hardware_ratio([value])
    assert known is not None
    assert known.low is not None
    assert known.low < 2.0
    single = hardware_ratio([value, replace(value, model="b", other_ends=None)])
    assert single is not None
    assert (single.low, single.high) == (None, None)
    assert single.no_interval == NoHardwareInterval.NO_VALUE_INTERVAL
    assert single.ratio == pytest.approx(exp(log(2.0)))
    assert hardware_ratio([]) is None
