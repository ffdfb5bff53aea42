"""Joules per token and per right answer, beside what the raw windows say."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from math import exp, fsum, log
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.consensus.cell import cell_value
from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.quality import Score, quality_values
from joulemark.consensus.quality_interval import wilson
from joulemark.consensus.unit_energy import (
    TOKEN_UNITS,
    UNITS,
    CountedReading,
    UnitEnergy,
    over_share,
    session_unit_energies,
    unit_energies,
)
from tests.laws import EXAMPLES, law

if TYPE_CHECKING:
    from collections.abc import Sequence

QUERIES = 10
"""In each window."""


class Window(NamedTuple):
    """Joules, and tokens read and written."""

    energy_j: float
    read: int
    written: int


class Session(NamedTuple):
    """Raw windows as one device of one contributor measured them, and how many answers of 100 were right."""

    contributor: int
    device: int
    windows: tuple[Window, ...]
    right: int


windows = st.builds(Window, st.floats(0.1, 1e4), st.integers(1, 5000), st.integers(1, 5000))
sessions = st.builds(
    Session,
    st.integers(0, 5),
    st.integers(0, 1),
    st.lists(windows, min_size=1, max_size=4).map(tuple),
    st.integers(1, 100),
)
crowds = st.lists(sessions, min_size=1, max_size=12)


def reading(session: Session, **fields: Any) -> CountedReading:
    energy = fsum(window.energy_j for window in session.windows)
    counted = CountedReading(
        contributor=session.contributor,
        device=(session.contributor, session.device),
        energy_per_query_j=energy / (QUERIES * len(session.windows)),
        relative_u=0.02,
        sensor_u=0.05,
        design="a board",
        energy_gross_j=energy,
        output_tokens=sum(window.written for window in session.windows),
        input_tokens=sum(window.read for window in session.windows),
    )
    return replace(counted, **fields)


def score(session: Session, metric: str = "accuracy", value: float | None = None) -> Score:
    return Score(
        contributor=session.contributor,
        device=(session.contributor, session.device),
        metric=metric,
        value=session.right / 100 if value is None else value,
        n=100,
        higher_is_better=True,
    )


def of_cell(readings: Sequence[CountedReading], scores: Sequence[Score] = ()) -> dict[str, UnitEnergy]:
    energies = unit_energies(readings, value=cell_value(readings), quality=quality_values(scores))
    assert [value.unit for value in energies] == list(UNITS)
    return {value.unit: value for value in energies}


def oracle(crowd: Sequence[Session], tokens: dict[str, tuple[int, int]], unit: str) -> float:
    """Joules per token straight from the windows: the median over contributors of their devices' medians, on logs."""
    of_read, of_written = tokens[unit]
    logs: dict[int, dict[int, list[float]]] = {}
    for session in crowd:
        joules = sum(window.energy_j for window in session.windows)
        counted = sum(of_read * window.read + of_written * window.written for window in session.windows)
        logs.setdefault(session.contributor, {}).setdefault(session.device, []).append(log(joules / counted))
    return exp(median(median(median(values) for values in of.values()) for of in logs.values()))


@pytest.mark.laws
@law()
@given(crowds)
def test_joules_per_token_are_those_of_the_raw_windows(crowd: list[Session]) -> None:
    tokens = {"input-token": (1, 0), "output-token": (0, 1), "token": (1, 1)}
    energies = of_cell([reading(session) for session in crowd])
    for unit in TOKEN_UNITS:
        assert energies[unit].value_j == pytest.approx(oracle(crowd, tokens, unit), rel=1e-9)
        assert energies[unit].n_results == len(crowd)
        assert energies[unit].n_contributors == len({session.contributor for session in crowd})


@pytest.mark.laws
@law()
@given(crowds, st.integers(2, 50))
def test_twice_the_tokens_are_half_the_joules_per_token(crowd: list[Session], factor: int) -> None:
    """In the value and in both intervals; and the energy of a right answer knows of no token."""
    readings = [reading(session) for session in crowd]
    scores = [score(session) for session in crowd]
    more = [
        replace(
            each,
            output_tokens=(each.output_tokens or 0) * factor,
            input_tokens=(each.input_tokens or 0) * factor,
        )
        for each in readings
    ]
    before, after = of_cell(readings, scores), of_cell(more, scores)
    for unit in TOKEN_UNITS:
        for name in ("value_j", "low_j", "high_j", "between_low_j", "between_high_j"):
            number, scaled = getattr(before[unit], name), getattr(after[unit], name)
            assert (number is None) == (scaled is None)
            if number is not None:
                assert scaled == pytest.approx(number / factor, rel=1e-9, abs=1e-15)
        assert before[unit].no_interval == after[unit].no_interval
    assert before["right-answer"] == after["right-answer"]


@pytest.mark.laws
@law()
@given(crowds, st.randoms(use_true_random=False))
def test_the_order_of_results_changes_no_bit(crowd: list[Session], chance: Random) -> None:
    readings, scores = [reading(session) for session in crowd], [score(session) for session in crowd]
    before = of_cell(readings, scores)
    chance.shuffle(readings)
    assert of_cell(readings, scores) == before
    stored = [asdict(value) for value in before.values()]
    assert json.loads(json.dumps(stored)) == stored


@pytest.mark.laws
@law()
@given(crowds)
def test_where_every_query_has_as_many_tokens_it_is_the_headline_over_them(crowd: list[Session]) -> None:
    alike = [
        session._replace(
            windows=tuple(w._replace(read=30 * QUERIES, written=50 * QUERIES) for w in session.windows)
        )
        for session in crowd
    ]
    readings = [reading(session) for session in alike]
    headline, energies = cell_value(readings), of_cell(readings)
    for unit, per_query in (("input-token", 30), ("output-token", 50), ("token", 80)):
        assert energies[unit].value_j == pytest.approx(headline.energy_per_query_j / per_query, rel=1e-9)
        for name in ("low_j", "high_j", "between_low_j", "between_high_j"):
            end = getattr(headline, name)
            expected = None if end is None else pytest.approx(end / per_query, rel=1e-9, abs=1e-15)
            assert getattr(energies[unit], name) == expected


@pytest.mark.laws
@law()
@given(crowds)
def test_a_value_lies_in_its_intervals_and_the_true_one_is_the_wider(crowd: list[Session]) -> None:
    energies = of_cell([reading(session) for session in crowd], [score(session) for session in crowd])
    for value in energies.values():
        assert value.value_j is not None
        if value.low_j is None:
            assert value.no_interval
            continue
        assert value.no_interval == ""
        assert value.between_low_j is not None
        assert value.between_high_j is not None
        assert value.high_j is not None
        assert 0 <= value.low_j <= value.between_low_j <= value.value_j
        assert value.value_j <= value.between_high_j <= value.high_j


@pytest.mark.laws
@law()
@given(st.floats(1e-6, 1e6), st.floats(0, 0.9), st.floats(0, 3), st.integers(1, 2000), st.data())
def test_the_interval_of_a_right_answer_has_both_errors_in_it(
    energy: float, below: float, above: float, n: int, data: st.DataObject
) -> None:
    """It is at least as wide as either error alone makes it, and no wider than both at their worst."""
    right = data.draw(st.integers(1, n))
    ends, share = (energy * (1 - below), energy * (1 + above)), right / n
    ends_of_ratio = over_share(energy, ends, share, wilson(share, n))
    assert ends_of_ratio is not None
    low, high = ends_of_ratio
    wilson_low, wilson_high = wilson(share, n)
    slack = 1 + 1e-9
    assert ends[0] / wilson_high <= low * slack
    assert low <= min(energy / wilson_high, ends[0] / share) * slack
    assert max(energy / wilson_low, ends[1] / share) <= high * slack
    assert high <= ends[1] / wilson_low * slack


def test_nineteen_of_twenty_intervals_hold_the_energy_of_a_right_answer() -> None:
    """Three contributors who differ by 3 %, over the same few questions: most of the error is the share's."""
    chance = np.random.default_rng(11)
    cells, n, inside, energy_alone = max(4 * EXAMPLES, 400), 60, 0, 0
    for _ in range(cells):
        truth = chance.uniform(0.3, 0.9)
        right = max(int(chance.binomial(n, truth)), 1)
        crowd = [
            Session(who, 0, (Window(float(100 * chance.lognormal(0, 0.03)), 50, 50),), 0) for who in range(3)
        ]
        readings = [reading(session, sensor_u=None) for session in crowd]
        scores = [score(session, value=right / n)._replace(n=n) for session in crowd]
        energy = of_cell(readings, scores)["right-answer"]
        assert energy.between_low_j is not None
        assert energy.between_high_j is not None
        inside += energy.between_low_j <= 10 / truth <= energy.between_high_j
        headline = cell_value(readings)
        energy_alone += (
            (headline.between_low_j or 0) * n / right
            <= 10 / truth
            <= (headline.between_high_j or 0) * n / right
        )
    assert inside >= 0.93 * cells
    assert energy_alone < 0.9 * cells


ONE = Session(1, 0, (Window(100.0, 300, 500),), 80)
TWO = Session(2, 0, (Window(104.0, 300, 500),), 80)
THREE = Session(3, 0, (Window(98.0, 300, 500),), 80)


def test_the_worked_example_of_the_documents() -> None:
    """Three contributors: 10 queries, 300 tokens read and 500 written, in 100, 104 and 98 J; 80 % are right."""
    crowd = [ONE, TWO, THREE]
    energies = of_cell([reading(session) for session in crowd], [score(session) for session in crowd])
    text = (Path(__file__).parents[2] / "docs" / "method.md").read_text(encoding="utf-8")
    section = text[text.index("### Energy per token and per correct answer") :]
    for unit, value in (
        ("output-token", 0.2),
        ("input-token", 1 / 3),
        ("token", 0.125),
        ("right-answer", 12.5),
    ):
        energy = energies[unit]
        assert energy.value_j == pytest.approx(value)
        numbers = [f"{number:.3g}" for number in (energy.value_j, energy.low_j, energy.high_j)]
        assert f"{numbers[0]} J ({numbers[1]} to {numbers[2]})" in section


@pytest.mark.parametrize(
    ("read", "written", "reasons"),
    [
        (None, None, ("tokens-not-counted", "tokens-not-counted", "tokens-not-counted")),
        (300, None, ("tokens-not-counted", "", "tokens-not-counted")),
        (None, 500, ("", "tokens-not-counted", "tokens-not-counted")),
        (300, 0, ("no-tokens", "", "")),
        (0, 0, ("no-tokens", "no-tokens", "no-tokens")),
    ],
)
def test_tokens_that_nobody_counted_give_no_value_and_the_reason(
    read: int | None, written: int | None, reasons: tuple[str, ...]
) -> None:
    readings = [reading(each, input_tokens=read, output_tokens=written) for each in (ONE, TWO)]
    for energies in (of_cell(readings), {v.unit: v for v in session_unit_energies(readings[0], [])}):
        assert tuple(energies[unit].no_value for unit in TOKEN_UNITS) == reasons
        for unit, reason in zip(TOKEN_UNITS, reasons, strict=True):
            assert (energies[unit].value_j is None) == (reason != "")
            assert (energies[unit].n_results == 0) == (reason != "")


def test_results_without_counts_leave_the_value_to_the_others() -> None:
    old = [reading(each, input_tokens=None, output_tokens=None) for each in (ONE, TWO)]
    new = [reading(each._replace(contributor=each.contributor + 5)) for each in (ONE, TWO)]
    energies, alone = of_cell([*old, *new]), of_cell(new)
    assert energies["token"] == alone["token"]
    assert (energies["token"].n_results, energies["token"].n_contributors) == (2, 2)
    single = of_cell([*old, new[0]])["token"]
    assert (single.no_interval, single.low_j, single.value_j) == ("single-source", None, 100 / 800)


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ([], "no-share-of-right-answers"),
        ([score(ONE, "rouge-l", 0.4), score(TWO, "rouge-l", 0.4)], "no-share-of-right-answers"),
        ([score(ONE, "macro-f1", 0.4)], "no-share-of-right-answers"),
        ([score(ONE, "top-5", 0.9)], "no-share-of-right-answers"),
        ([score(ONE)._replace(higher_is_better=False)], "no-share-of-right-answers"),
        ([score(ONE, value=1.5)], "no-share-of-right-answers"),
        ([score(ONE, value=0.0), score(TWO, value=0.0)], "no-right-answers"),
    ],
)
def test_without_right_answers_there_is_no_energy_of_them(scores: list[Score], reason: str) -> None:
    readings = [reading(ONE), reading(TWO)]
    for energy in (
        of_cell(readings, scores)["right-answer"],
        session_unit_energies(readings[0], scores[:1])[-1],
    ):
        assert (energy.value_j, energy.low_j, energy.high_j, energy.no_value) == (None, None, None, reason)


def test_of_several_shares_one_is_taken_whole() -> None:
    scores = [score(ONE, "top-1", 0.5), score(ONE, "top-5", 0.9), score(ONE, "accuracy", 0.25)._replace(n=50)]
    energy = of_cell([reading(ONE)], scores)["right-answer"]
    assert (energy.metric, energy.value_j) == ("top-1", 20.0)


def test_a_share_that_says_nothing_leaves_the_value_without_an_interval() -> None:
    scores = [score(who, value=1e-6)._replace(n=2) for who in (ONE, TWO)]
    energy = of_cell([reading(ONE), reading(TWO)], scores)["right-answer"]
    assert (energy.low_j, energy.between_low_j, energy.interval) == (None, None, "")
    assert (energy.no_interval, energy.value_j is None) == ("share-not-known", False)


def test_a_sensor_of_which_nothing_is_known_leaves_the_true_energy_open() -> None:
    readings = [reading(ONE, sensor_u=None), reading(TWO)]
    for energy in of_cell(readings, [score(ONE), score(TWO)]).values():
        assert (energy.low_j, energy.no_interval, energy.interval) == (
            None,
            "sensor-not-known",
            "preliminary",
        )
        assert energy.between_low_j is not None


def test_a_session_has_its_own_uncertainty_and_its_sensors() -> None:
    energies = {value.unit: value for value in session_unit_energies(reading(ONE), [score(ONE)])}
    half = 2 * (0.02**2 + 0.05**2) ** 0.5
    assert energies["token"].value_j == pytest.approx(0.125)
    assert energies["token"].low_j == pytest.approx(0.125 * (1 - half))
    assert energies["token"].high_j == pytest.approx(0.125 * (1 + half))
    right = energies["right-answer"]
    assert right.low_j is not None
    assert right.high_j is not None
    assert right.value_j == pytest.approx(12.5)
    assert right.low_j < 12.5 * (1 - half)
    assert right.high_j > 12.5 * (1 + half)
    without = session_unit_energies(reading(ONE, relative_u=None), [score(ONE)])
    assert {(value.low_j, value.no_interval) for value in without} == {(None, "no-budget")}


def test_numbers_that_no_float_holds_are_none() -> None:
    tiny = reading(ONE, energy_gross_j=5e-324, energy_per_query_j=5e-324)
    assert [v.no_value for v in session_unit_energies(tiny, [])][:3] == ["out-of-range"] * 3
    huge = reading(ONE, energy_gross_j=1.7e308, energy_per_query_j=1.7e308)
    assert of_cell([huge], [score(ONE, value=0.01)])["right-answer"].no_value == "out-of-range"


def test_no_reading_is_no_cell() -> None:
    with pytest.raises(ImpossibleValue):
        of_cell([])
