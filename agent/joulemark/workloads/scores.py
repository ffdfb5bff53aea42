"""How good the answers to the demo suite are.

A score is a fraction of 1 and higher is better. Every answer counts: one that cannot be read is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from statistics import fmean

from joulemark.translation import gettext as _
from joulemark.workloads import metrics
from joulemark.workloads.base import Output, QualityScore, Query

Pairs = Sequence[tuple[Query, str]]


def score(task: str, queries: Sequence[Query], outputs: Sequence[Output]) -> list[QualityScore]:
    """The metrics of `task`. Raises KeyError when an output answers none of `queries`, ValueError without outputs."""
    if not outputs:
        raise ValueError(_("There are no answers to score."))
    by_id = {query.id: query for query in queries}
    pairs = [(by_id[output.query_id], output.value) for output in outputs]
    values = _SCORERS[task](pairs)
    return [
        QualityScore(metric, value, len(pairs), higher_is_better=True) for metric, value in values.items()
    ]


def _classes(pairs: Pairs) -> dict[str, float]:
    return metrics.score_classes([query.reference for query, _ in pairs], [value for _, value in pairs])


def _accepted_class(pairs: Pairs) -> dict[str, float]:
    return {"accuracy": fmean(value in query.reference for query, value in pairs)}


def _accepted_answer(pairs: Pairs) -> dict[str, float]:
    """The fraction of texts that contain an accepted answer as whole words, in any case."""
    return {"answer-accuracy": fmean(_contains_any(value, query.reference) for query, value in pairs)}


def _contains_any(text: str, answers: Sequence[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text, re.IGNORECASE) for answer in answers)


def _rouge(pairs: Pairs) -> dict[str, float]:
    return metrics.score_summaries([query.reference for query, _ in pairs], [value for _, value in pairs])


_SCORERS: dict[str, Callable[[Pairs], dict[str, float]]] = {
    "text_classification": _classes,
    "image_classification": _accepted_class,
    "text_generation": _accepted_answer,
    "summarization": _rouge,
}
