"""Metrics against values worked out by hand."""

from __future__ import annotations

import pytest

from joulemark.workloads import metrics
from joulemark.workloads.metrics import Box


def test_ranks() -> None:
    found = metrics.score_rankings(["a", "b", "c", "d"], [["a"], ["a", "b"], [*"abdefc"], [*"abc"]])
    assert found == {"top-1": 1 / 4, "top-5": 2 / 4}


def test_words_in_any_case() -> None:
    assert metrics.score_words(["Bridge", "town"], ["bridge", "towns"]) == {"top-1": 0.5}


def test_spans_without_articles_case_and_punctuation_against_the_best_answer() -> None:
    found = metrics.score_spans([["cat", "the big cat"], ["in London"]], ["The big Cat.", "London"])
    assert found["exact-match"] == pytest.approx(1 / 2)
    assert found["f1"] == pytest.approx((1 + 2 / 3) / 2)  # London: P 1, R 1/2


def test_where_there_is_no_answer_only_none_is_right() -> None:
    assert metrics.score_spans([[], []], ["", "anything"]) == {"exact-match": 0.5, "f1": 0.5}


def test_entities_count_whole() -> None:
    truth = [["B-PER", "I-PER", "O", "B-LOC"]]
    assert metrics.score_entities(truth, truth) == {"seqeval-f1": 1.0}
    assert metrics.score_entities(truth, [["B-PER", "O", "O", "B-LOC"]]) == {
        "seqeval-f1": 0.5
    }  # P 1/2, R 1/2


def test_the_best_of_a_pictures_captions_counts() -> None:
    found = metrics.score_captions([["a red square", "one square on noise"]], ["a square on noise"])
    assert found["rouge-l"] == pytest.approx(3 / 4)


def test_precision_of_boxes_falls_with_overlap() -> None:
    truth = [[Box("cat", (0, 0, 100, 100))], [Box("cat", (0, 0, 100, 100))]]
    right = [[Box("cat", (0, 0, 100, 100), 0.9)], [Box("cat", (0, 0, 100, 100), 0.8)]]
    assert metrics.score_boxes(truth, right) == {"map": pytest.approx(1), "map-50": pytest.approx(1)}
    # An overlap of 0.72 passes the thresholds 0.50, 0.55, 0.60, 0.65 and 0.70: 5 of 10.
    narrow = [[Box("cat", (0, 0, 72, 100), 0.9)], [Box("cat", (0, 0, 72, 100), 0.8)]]
    assert metrics.score_boxes(truth, narrow) == {"map": pytest.approx(0.5), "map-50": pytest.approx(1)}


def test_boxes_of_another_class_are_not_found() -> None:
    truth = [[Box("cat", (0, 0, 10, 10))], []]
    assert metrics.score_boxes(truth, [[Box("dog", (0, 0, 10, 10), 0.9)], []]) == {"map": 0.0, "map-50": 0.0}
    assert metrics.score_boxes([[]], [[Box("dog", (0, 0, 10, 10), 0.9)]]) == {"map": 0.0, "map-50": 0.0}


def test_a_false_alarm_before_the_right_box_halves_precision() -> None:
    truth = [[Box("cat", (0, 0, 10, 10))]]
    said = [[Box("cat", (50, 50, 60, 60), 0.9), Box("cat", (0, 0, 10, 10), 0.5)]]
    assert metrics.score_boxes(truth, said)["map-50"] == pytest.approx(0.5)
