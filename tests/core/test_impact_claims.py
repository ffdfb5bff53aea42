"""What is commonly said, recomputed: every row's number and verdict, and the rule that gives it."""

from __future__ import annotations

import re
import string
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulemark.impact.claims import CLOSE, Direction, checked_claims, verdict_on
from joulemark.impact.measures import Measure
from joulemark.impact.study_figures import Pick

BY_ID = {claim.id: claim for claim in checked_claims()}
HOLDS, NEARLY, ELSEWHERE, NOT = "holds", "holds-approximately", "belongs-elsewhere", "does-not-hold"


@pytest.mark.parametrize(
    ("claim", "verdict", "stated", "found"),
    [
        ("image-generation-energy", NEARLY, ["11.49"], [11.2934]),
        ("image-generation-charges-old", NEARLY, ["950"], [941.117]),
        ("image-generation-charges", NEARLY, ["522"], [513.337]),
        ("image-as-charge", ELSEWHERE, ["1"], [0.242265]),
        ("image-generation-grams", NEARLY, ["1594"], [1566.96]),
        ("image-generation-miles", NEARLY, ["4.1"], [3.98718]),
        ("image-generation-km", NEARLY, ["6.6"], [6.41674]),
        ("text-charge-share", ELSEWHERE, ["16"], [122.292]),
        ("text-miles", ELSEWHERE, ["0.0006"], [0.00518107]),
        ("image-to-text-grams", NEARLY, ["6833"], [6222.26]),
        ("text-generation-energy", HOLDS, ["0.047"], [0.0469044]),
        ("image-to-classification", NOT, ["1450"], [1268.29]),
        ("image-to-text-generation", HOLDS, ["62"], [61.9809]),
        ("general-purpose-imdb", HOLDS, ["10", "12"], [9.64675, 12.1663]),
        ("general-purpose-sciq", HOLDS, ["10", "15"], [10.1941, 14.7594]),
        ("general-purpose-cnn", HOLDS, ["2", "4"], [2.07896, 3.91950]),
        ("qa-grams", HOLDS, ["0.70", "2.36", "2.34"], [0.702352, 2.36277, 2.34640]),
        ("sentiment-grams", HOLDS, ["0.32", "2.66", "4.67"], [0.326777, 2.66357, 4.66969]),
        ("search-energy", ELSEWHERE, ["0.3"], [None]),
        ("search-miles", ELSEWHERE, ["0.0003"], [None]),
        ("text-as-searches", ELSEWHERE, ["10"], [0.156348]),
        ("study-total", ELSEWHERE, ["754.66"], [1290.04]),
        ("study-emissions", HOLDS, ["178.97"], [178.976]),
        ("study-intensity", NOT, ["297.6"], [138.736]),
    ],
)
def test_every_row(claim: str, verdict: str, stated: list[str], found: list[float | None]) -> None:
    row = BY_ID[claim]
    assert row.verdict == verdict
    assert [value.stated for value in row.values] == stated
    for value, expected in zip(row.values, found, strict=True):
        if expected is None:
            assert value.recomputed is None
        else:
            assert value.recomputed is not None
            assert value.recomputed.value == pytest.approx(expected, rel=5e-6)


def test_no_row_is_left_out_of_these_tests() -> None:
    assert len(BY_ID) == 24


@pytest.mark.parametrize(
    ("claim", "name", "value"),
    [
        ("image-generation-energy", "worst", 11.4903), ("image-generation-energy", "task", 2.90718),
        ("text-charge-share", "masked", 15.125), ("text-charge-share", "least_kwh", 0.014675),
        ("text-miles", "masked", 0.000640789), ("text-miles", "masked_grams", 0.251831),
        ("text-generation-energy", "charges_old", 3.90870), ("image-to-classification", "printed", 1453.5),
        ("image-generation-charges", "per_charge", 7.56748), ("study-total", "gpu", 754.658),
        ("search-miles", "us_grid", 0.000292786), ("search-miles", "google_grams", 0.000508906),
        ("search-energy", "google", 0.3), ("text-as-searches", "image", 9.69059),
        ("image-as-charge", "least_efficient", 0.941117), ("study-intensity", "factor", 2.14486),
    ],
)  # fmt: skip
def test_what_stands_beside_a_claim(claim: str, name: str, value: float) -> None:
    (number,) = [number for number in BY_ID[claim].numbers if number.name == name]
    assert number.value == pytest.approx(value, rel=5e-6)


@pytest.mark.parametrize(
    ("stated", "found", "instead", "verdict"),
    [
        ("12", 12.4, (), HOLDS), ("12", 12.9, (), HOLDS), ("12", 13.1, (), NEARLY), ("100", 114.9, (), NEARLY),
        ("100", 115.1, (), NOT), ("100", 84.9, (), NOT), ("100", 200.0, (100.2,), ELSEWHERE),
        ("100", 200.0, (300.0, 110.0), ELSEWHERE), ("100", 200.0, (300.0,), NOT), ("100", None, (100.0,), ELSEWHERE),
        ("100", None, (), NOT), ("100", 110.0, (100.0,), NEARLY),
    ],
)  # fmt: skip
def test_the_rule(stated: str, found: float | None, instead: tuple[float, ...], verdict: str) -> None:
    assert verdict_on(stated, found, instead) == verdict


@pytest.mark.parametrize(
    ("stated", "found", "instead", "direction", "verdict"),
    [
        ("1450", 1268.3, (), "at-least", NOT), ("1450", 1453.5, (), "at-least", HOLDS),
        ("1450", 9000.0, (), "at-least", HOLDS), ("1450", 1449.6, (), "at-least", HOLDS),
        ("1450", 1268.3, (1500.0,), "at-least", ELSEWHERE), ("1450", 1268.3, (1400.0,), "at-least", NOT),
        ("10", 9.0, (), "at-most", HOLDS), ("10", 11.2, (), "at-most", NOT),
    ],
)  # fmt: skip
def test_a_bound_is_kept_or_broken(
    stated: str, found: float, instead: tuple[float, ...], direction: Direction, verdict: str
) -> None:
    assert verdict_on(stated, found, instead, direction) == verdict


def test_whatever_is_said_as_a_bound_is_one_in_the_data() -> None:
    said = {
        claim.id
        for claim in checked_claims()
        if re.search("more than|less than|at least|at most", claim.statement)
    }
    assert said == {claim.id for claim in checked_claims() if any(value.direction for value in claim.values)}
    assert said == {"image-to-classification"}


def test_the_least_efficient_model_is_never_its_worst_run() -> None:
    """One rule for all: a worst run stands beside a claim, and a verdict is never by it."""
    raw = tomllib.loads((files("joulemark.impact") / "data" / "claims.toml").read_text())
    assert "worst-run" not in str([claim["values"] for claim in raw["claims"]])


@settings(deadline=None)
@given(st.integers(1, 10_000), st.floats(0.001, 20_000))
def test_a_verdict_gets_no_better_with_distance(stated: int, found: float) -> None:
    verdict = verdict_on(str(stated), found)
    if abs(found / stated - 1) > max(CLOSE, 1 / stated):
        assert verdict == NOT
    if abs(found - stated) < 0.49:
        assert verdict == HOLDS


def test_no_number_is_typed_into_a_sentence_that_the_code_could_compute() -> None:
    """A sentence has numbers in braces alone; what is left over are names and years."""
    for claim in checked_claims():
        plain = "".join(text for text, *_ in string.Formatter().parse(claim.sentence))
        left = re.findall(
            r"\d[\d,.]*", re.sub(r"Flan-T5|distilgpt2|xl-base-1\.0|1,000|\b20\d\d\b", "", plain)
        )
        assert left == [], claim.id
        named = {name for _, name, *_ in string.Formatter().parse(claim.sentence) if name}
        assert named <= {"stated", *(number.name for number in claim.numbers)}
        assert {number.name for number in claim.beside} <= named, claim.id
        assert "{" not in claim.written(claim.sentence, lambda value, digits: f"{value:.{digits}g}")


def test_the_file_holds_no_verdict_and_no_result() -> None:
    raw = tomllib.loads((files("joulemark.impact") / "data" / "claims.toml").read_text())
    assert {key for claim in raw["claims"] for key in claim} == {
        "id", "statement", "source", "unit", "board", "sentence", "values", "beside",
    }  # fmt: skip
    assert {key for claim in raw["claims"] for value in claim["values"] for key in value} == {
        "stated", "direction", "measure", "instead",
    }  # fmt: skip


def test_what_was_not_read_in_its_source_is_marked() -> None:
    unread = {claim.source.id for claim in checked_claims() if not claim.source.checked}
    assert unread == {"retold"}
    assert all(claim.source.title and claim.source.year for claim in checked_claims())


def test_a_measure_begins_once() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        Measure()
    with pytest.raises(ValueError, match="exactly one"):
        Measure(of=Pick(task="masked_lm"), total="gpu_kwh")
