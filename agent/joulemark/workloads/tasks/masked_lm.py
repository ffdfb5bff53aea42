"""Masked language modelling: the token that fits best where one is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForMaskedLM

from joulemark.translation import gettext as _
from joulemark.workloads import metrics
from joulemark.workloads.base import Output, Query, WorkloadError
from joulemark.workloads.preprocess import Row, masked, text_of
from joulemark.workloads.pretrained import open_tokenizer, open_whole
from joulemark.workloads.tasks.text import count, encoded, input_limit
from joulemark.workloads.tasks.workload import Pairs, TaskWorkload


class MaskedLM(TaskWorkload):
    """Column: `text`. Answers with the likeliest token. A word that is more than one token is never answered right."""

    metrics = ("top-1",)
    _tokenizer: Any
    _model: Any
    _limit: int | None

    def open_model(self) -> Sequence[torch.nn.Module]:
        """See TaskWorkload."""
        folder = self.recipe.model_folder
        if self.recipe.preprocessing.mask is None:
            raise WorkloadError(_("masked_lm needs to know what is masked. Set `mask` in the suite."))
        self._tokenizer = open_tokenizer(folder)
        if self._tokenizer.mask_token is None:
            raise WorkloadError(
                _("{model_name} has no mask token. Use a model that was trained to fill masks.").format(
                    model_name=self.recipe.model_name
                )
            )
        self._model = open_whole(AutoModelForMaskedLM, self.recipe)
        self._limit = input_limit(self._tokenizer, self._model.config)
        return [self._model]

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        preprocessing = self.recipe.preprocessing
        text = text_of(self.column(row, "text"), preprocessing)
        masked_text, hidden = masked(text, preprocessing.mask or "append", self._tokenizer.mask_token)
        return Query(query_id, {"text": masked_text}, hidden)

    def respond(self, query: Query) -> Output:
        """See TaskWorkload."""
        tokens = encoded(self._tokenizer, query.inputs["text"], self._limit)
        places = (tokens["input_ids"][0] == self._tokenizer.mask_token_id).nonzero()
        if not len(places):
            raise WorkloadError(
                _("The mask of query {id} lies beyond the model's input. Use fewer `words`.").format(
                    id=query.id
                )
            )
        scores = self._model(**tokens.to(self.device)).logits[0, int(places[0])]
        word = self._tokenizer.decode([int(scores.argmax())]).strip()
        return Output(query.id, word, None, count(tokens))

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        return metrics.score_words([query.reference for query, _ in pairs], [value for _, value in pairs])
