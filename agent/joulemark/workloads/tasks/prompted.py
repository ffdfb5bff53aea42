"""General-purpose models that are asked, in words, for what task-specific models are trained for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

from joulemark.translation import gettext as _
from joulemark.workloads import labels, metrics
from joulemark.workloads.base import Output, Query, WorkloadError
from joulemark.workloads.chat import chat_tokens, plain_tokens, require_chat
from joulemark.workloads.labels import filled, first_label
from joulemark.workloads.own_settings import OwnSettings, own_settings
from joulemark.workloads.preprocess import Row, text_of
from joulemark.workloads.pretrained import open_tokenizer, open_whole
from joulemark.workloads.tasks.extractive_qa import accepted
from joulemark.workloads.tasks.text import generated_text, settle_padding
from joulemark.workloads.tasks.workload import Pairs, TaskWorkload


class Prompted(TaskWorkload):
    """An encoder-decoder (as Flan-T5) or a decoder (as BLOOMz), whichever its configuration says it is.

    Nothing is cut: a prompt asks its question at one end. Answers with the generated text.
    """

    _tokenizer: Any
    _model: Any
    _own: OwnSettings

    def open_model(self) -> Sequence[torch.nn.Module]:
        """See TaskWorkload."""
        folder = self.recipe.model_folder
        if not self.recipe.prompt:
            raise WorkloadError(
                _("{task} needs a prompt. Set `prompt` in the suite.").format(task=self.recipe.task)
            )
        self._tokenizer = open_tokenizer(folder)
        if self.recipe.chat:
            require_chat(self._tokenizer, self.recipe)
        self._own = own_settings(folder, self.recipe.decoding.task_settings)
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        self._model = open_whole(kind, self.recipe)
        settle_padding(self._tokenizer, self._model)
        return [self._model]

    def prompt(self, values: Mapping[str, str]) -> dict[str, str]:
        """A query's inputs: the recipe's prompt with `values` in their places."""
        return {"text": filled(self.recipe.prompt or "", values)}

    def respond(self, query: Query) -> Output:
        """See TaskWorkload. The end-of-text token counts as an output token, a decoder's start token does not."""
        text = self._own.prefix + query.inputs["text"]
        encode = chat_tokens if self.recipe.chat else plain_tokens
        tokens = encode(self._tokenizer, text)
        tokens.pop("token_type_ids", None)
        given = int(tokens["input_ids"].shape[1])
        apart = self._model.config.is_encoder_decoder
        generated = self._model.generate(
            **tokens.to(self.device),
            **self.recipe.decoding.arguments(prompt_tokens=0 if apart else given, own=self._own.arguments),
        )
        new = generated[0, 1 if apart else given :]
        return Output(query.id, generated_text(self._tokenizer, new), len(new), given)


class PromptedClassification(Prompted):
    """Columns: `text`, `label`. Answers with the label, out of the recipe's names, that the text names first."""

    metrics = ("accuracy", "macro-f1")

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        text = text_of(self.column(row, "text"), self.recipe.preprocessing)
        return Query(
            query_id,
            self.prompt({"text": text}),
            self.recipe.answers.of_dataset(self.reference(row, "label")),
        )

    def respond(self, query: Query) -> Output:
        """See TaskWorkload."""
        output = super().respond(query)
        label = first_label(output.value, self.recipe.answers.names)
        return Output(query.id, label, output.output_tokens, output.input_tokens)

    def unscorable(self, queries: Sequence[Query]) -> str | None:
        """See TaskWorkload. Without names nothing can be found in what the model says."""
        return labels.obstacle({query.reference for query in queries}, self.recipe.answers.names)

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        return metrics.score_classes([query.reference for query, _ in pairs], [value for _, value in pairs])


class PromptedQA(Prompted):
    """Columns: `question`, `context`, `answers`, as for extractive question answering."""

    metrics = ("exact-match", "f1")

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        context = text_of(self.column(row, "context"), self.recipe.preprocessing)
        inputs = self.prompt({"question": str(self.column(row, "question")), "context": context})
        return Query(query_id, inputs, accepted(self.reference(row, "answers")))

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        return metrics.score_spans([query.reference for query, _ in pairs], [value for _, value in pairs])


class PromptedSummarization(Prompted):
    """Columns: `text`, `summary`."""

    metrics = ("rouge-1", "rouge-2", "rouge-l")

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        text = text_of(self.column(row, "text"), self.recipe.preprocessing)
        return Query(query_id, self.prompt({"text": text}), self.reference(row, "summary"))

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        return metrics.score_summaries([query.reference for query, _ in pairs], [value for _, value in pairs])
