"""Reported claims: the data fits its schema; a verdict follows from stated number, boundary and intervals alone."""

from __future__ import annotations

from math import exp, inf, log
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.impact.board_numbers import (
    BoardNumber,
    BoardQuantity,
    BoardValue,
    BoardValues,
    ValueSelection,
    board_numbers,
)
from joulemark.impact.reported import (
    Boundary,
    Extent,
    ReportedUnit,
    ReportedValue,
    claim_of_query,
    contradictions,
    in_board_unit,
    reported_claims,
    reported_queries,
    stated_extent,
)
from joulemark.impact.reported_rule import (
    SCOPE_OF_BOUNDARY,
    board_verdict,
    judge_claim,
    judged_claims,
    tasks_compared,
)

CLAIMS = reported_claims()
BY_ID = {claim.id: claim for claim in CLAIMS}
positive = st.floats(min_value=1e-6, max_value=1e6)
words = st.sampled_from(["a", "b", "a-b"])
maybe = st.none() | words


def value(**over: object) -> BoardValue:
    """A measured cell."""
    fields: dict[str, object] = {
        "suite": "s 1", "task": "text_generation", "dataset": "d", "model": "m", "kind": "general-purpose",
        "hardware": "nvidia-h100-sxm", "scope": "gpu", "stratum": "float16.b1.power-default", "energy_j": 3600.0,
        "low_j": 3240.0, "high_j": 3960.0,
    }  # fmt: skip
    return BoardValue(**{**fields, **over})  # type: ignore[arg-type]  # a test's own rows


def test_every_statement_of_2025_and_2026_is_a_row() -> None:
    stated = {(claim.id, number.stated) for claim in CLAIMS for number in claim.values}
    expected = {
        ("gemini-prompt", "0.24"), ("gemini-accelerator", "0.10"), ("gemini-year", "33"), ("gemini-year", "44"),
        ("chatgpt-average", "0.34"), ("chatgpt-typical", "0.3"), ("gpt-4o-long-input", "2.5"),
        ("gpt-4o-long-input", "40"), ("chatgpt-2023", "3"), ("gpt-4o-short", "0.42"), ("longest-reasoning", "29"),
        ("spread-of-models", "65"), ("mistral-answer", "1.14"), ("mistral-water", "45"), ("reasoning-30", "30"),
        ("reasoning-100", "100"), ("deepseek-distill", "49.53"), ("deepseek-distill", "308186"),
        ("reasoning-emissions", "50"), ("reasoning-accuracy", "84.9"), ("language-tasks", "25"),
        ("utilization", "3"), ("concurrency", "25"), ("tokens-counted", "9"), ("b200-h100", "26.5"),
        ("awq-more", "145"), ("awq-less", "47"), ("int8-more", "17"), ("nf4-more", "25"), ("video", "100"),
        ("video-spread", "800"), ("codecarbon-error", "40"), ("task-choice", "27.8"), ("ecologits-before", "1.43"),
        ("ecologits-after", "0.022"),
    }  # fmt: skip
    assert expected <= stated
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)


def test_rows_of_one_quantity_stand_beside_each_other() -> None:
    order = [claim.about for claim in CLAIMS]
    assert order == sorted(order, key=order.index)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stated": "3", "upto": "2"},
        {"stated": "3", "upto": "5", "direction": "at-most"},
        {"stated": "three"},
        {},
    ],
)
def test_a_value_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, ReportedValue)


def test_sources_that_contradict_each_other_name_each_other() -> None:
    against = contradictions(CLAIMS)
    assert against["awq-more"] == ("awq-less",)
    assert against["int8-more"] == ("int8-much-more",)
    assert set(against["chatgpt-2023"]) == {"chatgpt-average", "chatgpt-typical", "gpt-4o-short"}
    assert "chatgpt-typical" not in against["chatgpt-average"], "0.3 in one digit may be 0.34"
    assert against["ecologits-before"] == ("ecologits-after",)
    assert against["gemini-prompt"] == () == against["utilization"]
    assert all(name in against[other] for name, others in against.items() for other in others)


@pytest.mark.parametrize(
    ("stated", "low", "high"),
    [
        (ReportedValue(stated="0.24"), 0.235, 0.245),
        (ReportedValue(stated="3"), 2.5, 3.5),
        (ReportedValue(stated="3", upto="5"), 2.5, 5.5),
        (ReportedValue(stated="29", direction="at-least"), 29, inf),
        (ReportedValue(stated="40", direction="at-most"), 0, 40),
    ],
)
def test_a_statement_allows_what_rounds_to_it(stated: ReportedValue, low: float, high: float) -> None:
    extent = stated_extent(stated)
    assert (extent.low, extent.high) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("unit", "low", "high"),
    [("Wh per query", 20, 30), ("Wh per 1,000 queries", 0.02, 0.03), ("times", 20, 30), ("% more energy", 1.2, 1.3),
     ("% less energy", 0.7, 0.8), ("gCO2e per query", None, None), ("% right answers", None, None)],
)  # fmt: skip
def test_units_become_those_of_a_board(unit: ReportedUnit, low: float | None, high: float | None) -> None:
    extent = in_board_unit(Extent(low=20, high=30), unit)
    if low is None:
        assert extent is None
    else:
        assert extent is not None
        assert (extent.low, extent.high) == pytest.approx((low, high))


@st.composite
def numbers(draw: st.DrawFn) -> BoardNumber:
    low, mid, high = sorted(draw(st.tuples(positive, positive, positive)))
    known = draw(st.booleans())
    scope = draw(st.sampled_from(["gpu", "node", "gpu+cpu+dram", "cpu"]))
    return BoardNumber(
        value=mid, low=low if known else None, high=high if known else None, scope=scope, n_values=1
    )


@pytest.mark.laws
@given(
    ends=st.tuples(positive, st.one_of(positive, st.just(inf))).map(sorted),
    is_energy=st.booleans(),
    boundary=st.sampled_from(get_args(Boundary)),
    of_boards=st.lists(numbers(), max_size=4, unique_by=lambda number: number.scope),
)
def test_the_verdict_is_that_of_the_rule(
    ends: list[float], *, is_energy: bool, boundary: Boundary, of_boards: list[BoardNumber]
) -> None:
    """The rule read once more, from the end to the beginning, by counting what excludes what."""
    extent = Extent(low=ends[0], high=ends[1]) if is_energy else None
    verdict, number = board_verdict(extent, boundary, of_boards)
    scopes = {"accelerator": "gpu", "server": "node"}
    matching = [each for each in of_boards if each.scope == scopes.get(boundary, "")]
    judging = [each for each in matching if each.low is not None]
    if boundary not in scopes:
        expected = "other-boundary"
    elif extent is None or not of_boards:
        expected = "no-measurement"
    elif not matching:
        expected = "other-boundary"
    elif not judging:
        expected = "no-measurement"
    else:
        low, high = judging[0].low, judging[0].high
        assert low is not None
        assert high is not None
        meets = max(low, extent.low) <= min(high, extent.high)
        expected = "agrees" if meets else "above" if extent.low > low else "below"
    assert verdict == expected
    if verdict in {"agrees", "above", "below"}:
        assert number == judging[0]


def test_every_boundary_that_a_board_can_have_is_one_scope() -> None:
    assert SCOPE_OF_BOUNDARY == {"accelerator": "gpu", "server": "node"}
    assert SCOPE_OF_BOUNDARY.keys() < set(get_args(Boundary))


@pytest.mark.laws
@given(st.lists(st.tuples(positive, st.floats(1.0, 3.0)), min_size=1, max_size=6))
def test_the_number_of_boards_is_their_geometric_mean_within_all_intervals(
    cells: list[tuple[float, float]],
) -> None:
    rows = [value(model=str(n), energy_j=e, low_j=e / u, high_j=e * u) for n, (e, u) in enumerate(cells)]
    (number,) = board_numbers(BoardQuantity(of=ValueSelection(task="text_generation")), BoardValues(rows))
    assert number.value == pytest.approx(exp(sum(log(e) for e, _ in cells) / len(cells)) / 3600)
    assert number.low is not None
    assert number.high is not None
    assert number.low == pytest.approx(min(e / u for e, u in cells) / 3600)
    assert number.low <= number.value * (1 + 1e-12)
    assert number.high >= number.value * (1 - 1e-12)
    assert number.n_values == len(cells)


@pytest.mark.laws
@given(
    st.lists(st.builds(value, task=words, model=words, hardware=words, stratum=words.map("{}.b1".format))),
    st.builds(ValueSelection, task=maybe, model=maybe, hardware=maybe, precision=maybe),
)
def test_a_selection_has_every_value_that_fits_it(rows: list[BoardValue], selection: ValueSelection) -> None:
    """In their order, however they are looked up; a second time too."""
    fitting = [
        row
        for row in rows
        if selection.task in (None, row.task)
        and selection.model in (None, row.model)
        and selection.precision in (None, row.precision)
        and (selection.hardware is None or selection.hardware in row.hardware.split("-"))
    ]
    values = BoardValues(rows)
    assert values.selected(selection) == values.selected(selection) == fitting


def test_ratios_are_formed_where_all_else_is_equal_and_scopes_never_meet() -> None:
    subject = BoardQuantity(of=ValueSelection(precision="int8"), over=ValueSelection(precision="float16"))
    rows = [
        value(),
        value(stratum="int8.b1.power-default", energy_j=4500.0, low_j=4400.0, high_j=4600.0),
        value(stratum="int8.b8.power-default", energy_j=9999.0),
        value(scope="gpu+cpu+dram"),
        value(
            scope="gpu+cpu+dram", stratum="int8.b1.power-default", energy_j=7200.0, low_j=None, high_j=None
        ),
    ]
    gpu, whole = board_numbers(subject, BoardValues(rows))
    assert (gpu.scope, gpu.n_values) == ("gpu", 1)
    assert gpu.value == pytest.approx(1.25)
    assert (gpu.low, gpu.high) == pytest.approx((4400 / 3960, 4600 / 3240))
    assert whole.value == pytest.approx(2.0)
    assert (whole.low, whole.high) == (None, None)
    spread = BoardQuantity(of=ValueSelection(task="text_generation"), spread=True, paired=("dataset",))
    models = [value(), value(model="n", energy_j=36000.0, low_j=35000.0, high_j=37000.0)]
    (number,) = board_numbers(spread, BoardValues(models))
    assert number.value == pytest.approx(10)
    with pytest.raises(ValueError, match="ratio of two selections, or the spread of one"):
        BoardQuantity(of=ValueSelection(), over=ValueSelection(), spread=True)
    with pytest.raises(ValueError, match="not colour"):
        BoardQuantity(of=ValueSelection(), paired=("model", "colour"))


def test_what_is_measured_decides_each_verdict_in_turn() -> None:
    claim = BY_ID["int8-more"]  # 17 to 33 % more
    base = value()

    def judged(energy: float, spread: float | None = 1.01) -> tuple[str, str | None]:
        low, high = (None, None) if spread is None else (energy / spread, energy * spread)
        row = value(stratum="int8.b1.power-default", energy_j=energy, low_j=low, high_j=high)
        (judged_value,) = judge_claim(claim, BoardValues([base, row])).values
        return judged_value.verdict, judged_value.reason

    assert judged(4500) == ("agrees", None)
    assert judged(9000) == ("below", None)
    assert judged(2000) == ("above", None)
    assert judged(4500, None) == ("no-measurement", "no-interval-yet")
    assert judge_claim(claim, BoardValues([base])).values[0].reason == "not-measured"
    assert judge_claim(BY_ID["reasoning-30"], BoardValues([base])).values[0].reason == "no-such-quantity"
    two = BoardValues([base, value(model="n", energy_j=7200.0)])
    spread = judge_claim(BY_ID["spread-of-models"], two).values[0]
    assert spread.verdict == "other-boundary"
    assert spread.number is not None
    assert spread.number.value == pytest.approx(2.0)
    assert {row.claim.id for row in judged_claims([])} == set(BY_ID)
    assert {"text_generation", "image_generation", "text_classification"} <= tasks_compared()


def test_a_reported_energy_of_a_query_keeps_its_source() -> None:
    quantities = reported_queries()
    gemini = quantities["gemini-prompt"]
    assert (gemini.value, gemini.unit, gemini.sources[0].scope) == (0.24, "Wh", "data-centre")
    assert (gemini.sources[0].year, gemini.sources[0].checked, gemini.sources[0].grade) == (
        2025,
        True,
        "published",
    )
    assert quantities["gpt-4o-long-input-2"].value == 40
    assert "longest-reasoning" not in quantities, "a bound is no quantity"
    assert "deepseek-distill-1" not in quantities, "given for 1,000 queries"
    assert {claim_of_query(name)[0].id for name in quantities} <= set(BY_ID)
    with pytest.raises(KeyError):
        claim_of_query("gpt-5")
