"""Text generation: how a language model goes on with a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from joulemark.workloads.base import Output, Query
from joulemark.workloads.own_settings import OwnSettings, own_settings
from joulemark.workloads.preprocess import Row, text_of
from joulemark.workloads.pretrained import open_tokenizer, open_whole
from joulemark.workloads.tasks.text import generated_text, settle_padding
from joulemark.workloads.tasks.workload import Pairs, TaskWorkload


class TextGeneration(TaskWorkload):
    """Column: `text`. Answers with the new text only.

    There is no right way to go on with a text, so answers are not scored; perplexity is a property of the model on a
    text, not of its answers.
    """

    impossible = {"answer-accuracy": "open-ended"}
    _tokenizer: Any
    _model: Any
    _own: OwnSettings

    def open_model(self) -> Sequence[torch.nn.Module]:
        """See TaskWorkload."""
        folder = self.recipe.model_folder
        self._own = own_settings(folder, self.recipe.decoding.task_settings)
        self._tokenizer = open_tokenizer(folder)
        self._model = open_whole(AutoModelForCausalLM, self.recipe)
        settle_padding(self._tokenizer, self._model)
        return [self._model]

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        text = text_of(self.column(row, "text"), self.recipe.preprocessing)
        return Query(query_id, {"text": text}, None)

    def respond(self, query: Query) -> Output:
        """See TaskWorkload. Both the end-of-text token and the one that stands in for an empty text count.

        With settings of its own the text gets the model's prefix and nothing else, as the 2024 study's pipeline did.
        """
        ids = self._tokenizer(
            self._own.prefix + query.inputs["text"],
            add_special_tokens=self.recipe.decoding.task_settings is None,
            return_tensors="pt",
        )["input_ids"].long()
        if not ids.shape[1]:
            ids = torch.tensor([[self._start()]])
        ids = ids.to(self.device)
        generated = self._model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            **self.recipe.decoding.arguments(prompt_tokens=int(ids.shape[1]), own=self._own.arguments),
        )
        new = generated[0, ids.shape[1] :]
        return Output(query.id, generated_text(self._tokenizer, new), len(new), int(ids.shape[1]))

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        return {}

    def _start(self) -> int:
        """The token that begins a text: an empty one has no other."""
        begin, end = self._tokenizer.bos_token_id, self._tokenizer.eos_token_id
        return int(begin if begin is not None else end)
