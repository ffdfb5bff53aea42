"""Summarization: a short text that says what a long one says, by an encoder-decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForSeq2SeqLM

from joulemark.workloads import metrics
from joulemark.workloads.base import Output, Query
from joulemark.workloads.own_settings import OwnSettings, own_settings
from joulemark.workloads.preprocess import Row, text_of
from joulemark.workloads.pretrained import open_tokenizer, open_whole
from joulemark.workloads.tasks.text import count, encoded, generated_text, input_limit
from joulemark.workloads.tasks.workload import Pairs, TaskWorkload


class Summarization(TaskWorkload):
    """Columns: `text`, `summary`. Answers with the summary."""

    metrics = ("rouge-1", "rouge-2", "rouge-l")
    _tokenizer: Any
    _model: Any
    _limit: int | None
    _own: OwnSettings

    def open_model(self) -> Sequence[torch.nn.Module]:
        """See TaskWorkload."""
        folder = self.recipe.model_folder
        self._tokenizer = open_tokenizer(folder)
        self._model = open_whole(AutoModelForSeq2SeqLM, self.recipe)
        self._own = own_settings(folder, self.recipe.decoding.task_settings)
        self._limit = input_limit(self._tokenizer, self._model.config)
        return [self._model]

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        text = text_of(self.column(row, "text"), self.recipe.preprocessing)
        return Query(query_id, {"text": text}, self.reference(row, "summary"))

    def respond(self, query: Query) -> Output:
        """See TaskWorkload. The decoder's start token is given, not generated, and not counted."""
        tokens = encoded(self._tokenizer, self._own.prefix + query.inputs["text"], self._limit)
        tokens.pop("token_type_ids", None)
        limits = self.recipe.decoding.arguments(own=self._own.arguments)
        generated = self._model.generate(**tokens.to(self.device), **limits)
        new = generated[0, 1:]
        return Output(query.id, generated_text(self._tokenizer, new), len(new), count(tokens))

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        return metrics.score_summaries([query.reference for query, _ in pairs], [value for _, value in pairs])
