"""Quality metrics, each from the library that is maintained for it: a fraction of 1, higher is better.

Functions take references and predictions of equal length, at least one of each, and return values by metric name.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any


def score_classes(references: Sequence[str], predictions: Sequence[str]) -> dict[str, float]:
    """Accuracy, and F1 averaged over the labels that occur in the references, each with the same weight."""
    from sklearn.metrics import accuracy_score, f1_score

    f1 = f1_score(references, predictions, labels=sorted(set(references)), average="macro", zero_division=0.0)
    return {"accuracy": float(accuracy_score(references, predictions)), "macro-f1": float(f1)}


def score_rankings(references: Sequence[str], predictions: Sequence[Sequence[str]]) -> dict[str, float]:
    """How often the right class is first, and among the first five, of the predicted classes (top-1, top-5)."""
    pairs = list(zip(references, predictions, strict=True))
    return {f"top-{k}": fmean(right in labels[:k] for right, labels in pairs) for k in (1, 5)}


def score_words(references: Sequence[str], predictions: Sequence[str]) -> dict[str, float]:
    """How often the predicted word is the right one, ignoring case (top-1)."""
    return {
        "top-1": fmean(a.casefold() == b.casefold() for a, b in zip(references, predictions, strict=True))
    }


def score_spans(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> dict[str, float]:
    """Exact match and word F1 against the best of a question's answers; no answer is right where there is none.

    Rajpurkar et al., SQuAD (EMNLP 2016), section 6.1, and for questions without an answer Rajpurkar, Jia and Liang
    (ACL 2018), section 4, as torchmetrics counts them.
    """
    from torchmetrics.functional.text import squad

    keys = [str(number) for number in range(len(predictions))]
    answers_by_id = [
        {"id": key, "prediction_text": text} for key, text in zip(keys, predictions, strict=True)
    ]
    targets = [
        {"id": key, "answers": {"text": list(answers) or [""], "answer_start": [0] * max(1, len(answers))}}
        for key, answers in zip(keys, references, strict=True)
    ]
    scores = squad(answers_by_id, targets)
    return {"exact-match": float(scores["exact_match"]) / 100, "f1": float(scores["f1"]) / 100}


def score_entities(
    references: Sequence[Sequence[str]], predictions: Sequence[Sequence[str]]
) -> dict[str, float]:
    """F1 over whole entities, micro-averaged, as the CoNLL 2000 evaluation counts them, by seqeval."""
    from seqeval.metrics import f1_score

    return {
        "seqeval-f1": float(
            f1_score([list(tags) for tags in references], [list(tags) for tags in predictions])
        )
    }


def score_summaries(references: Sequence[str], predictions: Sequence[str]) -> dict[str, float]:
    """Mean ROUGE-1, -2 and -L F-measures with Porter stemming (Lin, ACL workshop 2004)."""
    from rouge_score.rouge_scorer import RougeScorer

    names = {"rouge1": "rouge-1", "rouge2": "rouge-2", "rougeL": "rouge-l"}
    scorer = RougeScorer(list(names), use_stemmer=True)
    scores = [scorer.score(right, text) for right, text in zip(references, predictions, strict=True)]
    return {metric: fmean(each[name].fmeasure for each in scores) for name, metric in names.items()}


def score_captions(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> dict[str, float]:
    """Mean ROUGE-L F-measure against the best of an image's captions, with Porter stemming."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    pairs = list(zip(references, predictions, strict=True))
    return {
        "rouge-l": fmean(scorer.score_multi(list(right), text)["rougeL"].fmeasure for right, text in pairs)
    }


@dataclass(frozen=True)
class Box:
    """An object in a picture: its label, left, top, right and bottom in pixels, and the score of a detection."""

    label: str
    edges: tuple[float, float, float, float]
    score: float = 1.0


def score_boxes(
    references: Sequence[Sequence[Box]], predictions: Sequence[Sequence[Box]]
) -> dict[str, float]:
    """COCO's mean average precision over overlaps of 0.50 to 0.95, and at 0.50, by pycocotools; 0 without objects.

    Detections below the threshold are not in the answer, so the value is that of the detections that are.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    labels = sorted({box.label for picture in references for box in picture})
    if not labels:
        return {"map": 0.0, "map-50": 0.0}
    numbers = {label: number for number, label in enumerate(labels, start=1)}
    right = COCO()
    right.dataset = {
        "images": [{"id": number} for number in range(len(references))],
        "categories": [{"id": number} for number in numbers.values()],
        "annotations": [
            {**each, "id": number, "iscrowd": 0}
            for number, each in enumerate(_coco(references, numbers), start=1)
        ],
    }
    detections = _coco(predictions, numbers)
    if not detections:
        return {"map": 0.0, "map-50": 0.0}
    with contextlib.redirect_stdout(io.StringIO()):  # the library reports on what it does
        right.createIndex()
        evaluation = COCOeval(right, right.loadRes(detections), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {"map": float(evaluation.stats[0]), "map-50": float(evaluation.stats[1])}


def _coco(pictures: Sequence[Sequence[Box]], numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """Boxes as COCO writes them, those aside whose label occurs in no reference."""
    return [
        {
            "image_id": number,
            "category_id": numbers[box.label],
            "bbox": [left, top, right - left, bottom - top],
            "area": (right - left) * (bottom - top),
            "score": box.score,
        }
        for number, picture in enumerate(pictures)
        for box in picture
        if box.label in numbers
        for left, top, right, bottom in [box.edges]
    ]
