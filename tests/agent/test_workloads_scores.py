"""Scores of answers, against values worked out by hand; and how answers are read."""

from __future__ import annotations

import pytest

from joulemark.workloads import Output, Query
from joulemark.workloads.scores import score


def scored(task: str, *pairs: tuple[str, object]) -> dict[str, float]:
    queries = [Query(f"q{n}", {}, reference) for n, (_, reference) in enumerate(pairs)]
    outputs = [Output(f"q{n}", value, None) for n, (value, _) in enumerate(pairs)]
    found = score(task, queries, outputs[::-1])  # matched by id, not by position
    assert all(quality.higher_is_better for quality in found)
    assert {quality.n for quality in found} == {len(pairs)}
    return {quality.metric: quality.value for quality in found}


def test_classification_has_accuracy_and_macro_f1() -> None:
    found = scored("text_classification", ("a", "a"), ("a", "a"), ("b", "a"), ("b", "b"))
    assert found["accuracy"] == pytest.approx(3 / 4)
    assert found["macro-f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)  # F1 of a: P 1, R 2/3; of b: P 1/2, R 1


def test_an_unparseable_answer_is_wrong_and_no_class_of_its_own() -> None:
    found = scored("text_classification", ("a", "a"), ("unparseable", "b"))
    assert found == {"accuracy": 0.5, "macro-f1": pytest.approx((1 + 0) / 2)}


def test_any_accepted_image_class_is_right() -> None:
    found = scored(
        "image_classification", ("281", ("281", "285")), ("285", ("281", "285")), ("28", ("281", "285"))
    )
    assert found == {"accuracy": pytest.approx(2 / 3)}


def test_an_answer_must_be_a_whole_word_in_any_case() -> None:
    found = scored(
        "text_generation",
        ("It is called ICE.", ("ice",)),
        ("A nice slice", ("ice",)),
        ("One hour has 160 minutes", ("60", "sixty")),
        ("Water is H₂O, as you know", ("H2O", "H₂O")),
    )
    assert found == {"answer-accuracy": 0.5}


def test_rouge_of_a_summary_worked_out_by_hand() -> None:
    found = scored("summarization", ("the bridge is closed now", "the old bridge is closed"))
    assert found["rouge-1"] == pytest.approx(2 * (4 / 5) * (4 / 5) / (8 / 5))
    assert found["rouge-2"] == pytest.approx(2 / 4)  # "bridge is", "is closed" of four each
    assert found["rouge-l"] == pytest.approx(4 / 5)


def test_an_answer_to_no_query_is_an_error() -> None:
    with pytest.raises(KeyError, match="stray"):
        score("summarization", [Query("q", {}, "a")], [Output("stray", "a", None)])


def test_no_answers_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="no answers"):
        score("summarization", [Query("q", {}, "a")], [])
