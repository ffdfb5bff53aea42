"""Whatever a crowd says, a cell and all that is made of cells is finite, or None with a reason; nothing crashes."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, is_dataclass
from math import isfinite

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from joulemark.consensus.agreement import ContributorReport, compare, tier
from joulemark.consensus.cell import ResultReading, cell_equivalences, cell_value
from joulemark.consensus.interval import WIDEST
from joulemark.consensus.pareto import ParetoOption, pareto_front
from joulemark.consensus.quality import Score, quality_values
from joulemark.consensus.quality_difference import ModelScore, quality_differences
from joulemark.consensus.rank import Standing, ranks
from joulemark.consensus.ratio import ModelValue, paired_ratio
from joulemark.consensus.size_controlled import Sized, size_controlled
from tests.laws import law

people = st.integers(0, 39)
"""Contributors; with as many devices, each may be anybody's, and anybody's several."""
magnitudes = st.one_of(
    st.floats(min_value=1e-9, max_value=1e9), st.sampled_from([1e-9, 1.0, 1.0 + 2**-52, 10.0, 1e9])
)
uncertainties = st.none() | st.floats(min_value=0, max_value=1e3)
reports = st.lists(
    st.builds(
        ContributorReport,
        contributor=people,
        device=people,
        energy_per_query_j=magnitudes,
        relative_u=uncertainties,
        window_u=uncertainties,
        n_windows=st.integers(1, 50),
        sensor_u=st.none() | st.floats(min_value=0, max_value=2),
        design=st.sampled_from([None, "a", "b"]),
        announced=st.booleans(),
    ),
    min_size=1,
    max_size=60,
)
scores = st.builds(
    Score,
    contributor=people,
    device=people,
    metric=st.sampled_from(["accuracy", "rouge-l", "macro-f1"]),
    value=st.floats(-1e9, 1e9) | st.floats(0, 1),
    n=st.integers(1, 10**6),
    higher_is_better=st.booleans(),
)


def report(contributor: object, device: object, energy: float) -> ContributorReport:
    return ContributorReport(contributor=contributor, device=device, energy_per_query_j=energy)


def numbers(value: object) -> list[float]:
    """Every number in it, however deep."""
    if isinstance(value, dict):
        return [number for inner in value.values() for number in numbers(inner)]
    if isinstance(value, (list, tuple)):
        return [number for inner in value for number in numbers(inner)]
    if is_dataclass(value) and not isinstance(value, type):
        return numbers(astuple(value))
    return [value] if isinstance(value, float) else []


SHARED = [
    report("ada", "a1", 1.0), report("ada", "a2", 1.1), report("ada", "s", 1.2),
    report("grace", "g1", 0.9), report("grace", "s", 1.0), report("lin", "l", 1.3),
]  # fmt: skip
"""Devices in part shared: degrees of freedom between 1.5 and 2, where Student's t divided by zero."""


@pytest.mark.laws
@law()
@given(reports)
@example(SHARED)
@example([report("a", "a", 1.0), report("b", "b", 10.0)])
@example([report("a", "a", 1e-9), report("b", "b", 1e9)])
@example([report(n, n, 1.0) for n in range(40)])
@example([report(n, n, 1e-9 if n % 2 else 1e9) for n in range(40)])
@example([report(n, n % 2, 5e-324 if n % 2 else 1.7e308) for n in range(10)])
def test_a_cell_of_any_crowd_is_finite_or_says_why_not(crowd: list[ContributorReport]) -> None:
    value = cell_value(crowd)
    assert all(map(isfinite, numbers(value)))
    assert value.least_j <= value.energy_per_query_j <= value.most_j
    assert (value.between_low_j is None) == (value.between_high_j is None) == (value.interval is None)
    assert (value.no_interval is None) == (value.interval is not None)
    assert (value.no_interval == "single-source") == (value.label == "single source")
    if value.between_low_j is not None and value.between_high_j is not None:
        assert 0 < value.between_low_j <= value.energy_per_query_j <= value.between_high_j
        assert value.between_high_j / value.between_low_j <= 2.718281828459046 ** (2 * WIDEST) * (1 + 1e-9)
    if value.low_j is not None and value.high_j is not None:
        assert value.between_low_j is not None
        assert value.between_high_j is not None
        assert value.low_j <= value.between_low_j
        assert value.between_high_j <= value.high_j
    assert {"window", "session", "device", "contributor"} - value.variance.withheld.keys() == {
        level
        for level in ("window", "session", "device", "contributor")
        if getattr(value.variance, level) is not None
    }
    stands = cell_equivalences(crowd)
    assert all(map(isfinite, numbers(stands)))
    assert tier(crowd) in {"single source", "several sources", "replicated", "established"}
    agreements = [compare(one, crowd) for one in crowd[:5]]
    assert all(map(isfinite, numbers([found for found in agreements if found is not None])))


@pytest.mark.laws
@law()
@given(st.lists(reports, min_size=1, max_size=6), st.lists(scores, max_size=30))
def test_what_is_made_of_cells_is_finite_or_says_why_not(
    crowds: list[list[ContributorReport]], said: list[Score]
) -> None:
    cells = [cell_value(crowd) for crowd in crowds]
    standings = [
        Standing(energy_per_query_j=c.energy_per_query_j, low_j=c.between_low_j, high_j=c.between_high_j)
        for c in cells
    ]
    for standing, rank in zip(standings, ranks(standings), strict=True):
        assert (rank is None) == (standing.low_j is None)
        assert rank is None or 1 <= rank.best <= rank.worst <= len(cells)
    qualities = quality_values(said)
    for quality in qualities:
        assert (quality.low is None) == (quality.high is None) == (quality.no_interval is not None)
        assert quality.low is None or quality.high is None or quality.low <= quality.value <= quality.high
    front = pareto_front(
        [
            ParetoOption(
                energy=cell.energy_per_query_j,
                quality=quality.value,
                energy_interval=None
                if cell.between_low_j is None or cell.between_high_j is None
                else (cell.between_low_j, cell.between_high_j),
                quality_interval=None
                if quality.low is None or quality.high is None
                else (quality.low, quality.high),
            )
            for cell, quality in zip(cells, qualities, strict=False)
        ]
    )
    assert not set(front.unbeaten) & set(front.beaten)


values = st.lists(
    st.builds(
        ModelValue,
        model=st.sampled_from(["a", "b", "c", "X", "Y", "Z"]),
        general_purpose=st.just(value=False),
        source=st.sampled_from(["one", "two"]),
        energy_per_query_j=magnitudes,
        contributor=people,
        device=people,
    ),
    max_size=40,
)


@pytest.mark.laws
@law()
@given(values, values, st.floats(0, WIDEST) | st.none())
def test_a_ratio_of_any_crowd_is_finite_or_says_why_not(
    devices: list[ModelValue], cells: list[ModelValue], half_width: float | None
) -> None:
    def kinds(listed: list[ModelValue], **more: object) -> list[ModelValue]:
        fields = ("model", "source", "energy_per_query_j", "contributor", "device")
        return [
            ModelValue(
                **{f: getattr(v, f) for f in fields} | {"general_purpose": str(v.model).isupper()} | more
            )
            for v in listed
        ]

    one_a_place = {(cell.model, cell.source): cell for cell in cells}.values()
    found = paired_ratio(
        device_values=kinds(devices),
        cell_values=kinds(list(one_a_place), contributor=None, device=None, half_width=half_width),
    )
    if found is None:
        return
    assert all(map(isfinite, numbers(found)))
    assert found.low <= found.ratio <= found.high or abs(found.low / found.high - 1) < 1e-12
    assert (
        (found.over_models_low is None) == (found.over_models_high is None) == (found.no_interval is not None)
    )
    for low, high in ((found.over_models_low, found.over_models_high), (found.low_95, found.high_95)):
        if low is not None and high is not None:
            assert 0 < low <= found.ratio * (1 + 1e-12)
            assert found.ratio <= high * (1 + 1e-12)
    assert (found.no_interval == "one-pair") == (found.n_pairs == 1)
    assert len(found.general_purpose_models) * len(found.task_specific_models) >= found.n_pairs


@pytest.mark.laws
@law()
@given(
    st.lists(
        st.tuples(
            st.builds(
                Sized,
                group=st.integers(0, 3),
                energy=magnitudes,
                parameters=st.floats(1, 1e13) | st.sampled_from([1.0, 1e6]),
                general_purpose=st.booleans(),
            ),
            people,
        ),
        max_size=40,
    )
)
def test_a_factor_at_equal_size_is_finite_or_not_told(observations: list[tuple[Sized, int]]) -> None:
    found = size_controlled([sized for sized, _ in observations], [cluster for _, cluster in observations])
    if found is not None:
        assert all(map(isfinite, numbers(found)))
        assert 0 < found.factor.low <= found.factor.value <= found.factor.high


@pytest.mark.laws
@law()
@given(
    st.lists(
        st.builds(
            ModelScore,
            model=st.sampled_from("abXY"),
            general_purpose=st.just(value=False),
            source=st.integers(0, 2),
            metric=st.sampled_from(["accuracy", "map"]),
            higher_is_better=st.just(value=True),
            value=st.floats(-1e9, 1e9) | st.floats(0, 1),
            interval=st.none(),
        ),
        max_size=20,
    )
)
def test_a_difference_of_quality_is_finite_or_says_why_not(said: list[ModelScore]) -> None:
    found = quality_differences(score._replace(general_purpose=str(score.model).isupper()) for score in said)
    assert all(map(isfinite, numbers(found)))
    for difference in found:
        assert (difference.low is None) == (difference.no_interval is not None)
    assert max(Counter((d.metric, d.higher_is_better) for d in found).values(), default=1) == 1


def test_two_contributors_a_decade_apart_have_no_interval() -> None:
    """They had one from 1e-6 to 7e6 J."""
    value = cell_value([ResultReading(contributor=n, device=n, energy_per_query_j=10.0**n) for n in range(2)])
    assert (value.low_j, value.high_j, value.between_low_j, value.interval) == (None, None, None, None)
    assert (value.no_interval, value.label, value.between_u) == ("sources-disagree", "several sources", None)
    close = cell_value(
        [ResultReading(contributor=n, device=n, energy_per_query_j=1 + n / 10) for n in range(2)]
    )
    assert close.no_interval is None
    assert close.interval == "preliminary"
