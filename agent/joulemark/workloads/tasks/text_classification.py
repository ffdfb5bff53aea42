"""Text classification: which of its labels a model that was trained for it gives a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification

from joulemark.workloads import labels, metrics
from joulemark.workloads.base import Output, Query
from joulemark.workloads.preprocess import Row, text_of
from joulemark.workloads.pretrained import open_tokenizer, open_whole
from joulemark.workloads.tasks.text import count, encoded, input_limit
from joulemark.workloads.tasks.workload import Pairs, TaskWorkload, sayable


class TextClassification(TaskWorkload):
    """Columns: `text`, `label`. Answers with the likeliest label, by the data set's name for it."""

    metrics = ("accuracy", "macro-f1")
    _tokenizer: Any
    _model: Any
    _limit: int | None

    def open_model(self) -> Sequence[torch.nn.Module]:
        """See TaskWorkload."""
        folder = self.recipe.model_folder
        self._tokenizer = open_tokenizer(folder)
        self._model = open_whole(AutoModelForSequenceClassification, self.recipe)
        self._limit = input_limit(self._tokenizer, self._model.config)
        return [self._model]

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        text = text_of(self.column(row, "text"), self.recipe.preprocessing)
        return Query(query_id, {"text": text}, self.recipe.answers.of_dataset(self.reference(row, "label")))

    def respond(self, query: Query) -> Output:
        """See TaskWorkload."""
        tokens = encoded(self._tokenizer, query.inputs["text"], self._limit)
        scores = self._model(**tokens.to(self.device)).logits[0]
        label = self._model.config.id2label[int(scores.argmax())]
        return Output(query.id, self.recipe.answers.of_model(label), None, count(tokens))

    def unscorable(self, queries: Sequence[Query]) -> str | None:
        """See TaskWorkload."""
        return labels.obstacle({query.reference for query in queries}, sayable(self._model, self.recipe))

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        return metrics.score_classes([query.reference for query, _ in pairs], [value for _, value in pairs])
