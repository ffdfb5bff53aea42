"""Extractive question answering: the span of a text that answers a question.

Devlin et al., BERT (NAACL 2019), sections 4.2 and 4.3: a span's score is that of its first and of its last token; a
text that is longer than the model takes is read in windows that overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import AutoModelForQuestionAnswering

from joulemark.translation import gettext as _
from joulemark.workloads import metrics
from joulemark.workloads.base import Output, Query, WorkloadError
from joulemark.workloads.preprocess import Row, text_of
from joulemark.workloads.pretrained import open_whole
from joulemark.workloads.tasks.text import input_limit, open_fast_tokenizer
from joulemark.workloads.tasks.workload import Pairs, TaskWorkload


class ExtractiveQA(TaskWorkload):
    """Columns: `question`, `context`, `answers` (a text, some texts, or SQuAD's mapping with `text`).

    Answers with a piece of the context, empty where there is no answer. Windows are read one by one: batch size 1.
    """

    metrics = ("exact-match", "f1")
    _tokenizer: Any
    _model: Any
    _window: int

    def open_model(self) -> Sequence[torch.nn.Module]:
        """See TaskWorkload."""
        self._tokenizer = open_fast_tokenizer(self.recipe)
        self._model = open_whole(AutoModelForQuestionAnswering, self.recipe)
        window = self.recipe.reading.window_tokens
        self._window = min(window, input_limit(self._tokenizer, self._model.config) or window)
        return [self._model]

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        question = str(self.column(row, "question"))
        context = text_of(self.column(row, "context"), self.recipe.preprocessing)
        return Query(
            query_id, {"question": question, "context": context}, accepted(self.reference(row, "answers"))
        )

    def respond(self, query: Query) -> Output:
        """See TaskWorkload. `input_tokens` are those of all windows."""
        context = query.inputs["context"]
        windows = self._windows(query)
        spans = [self._best_span(windows, number) for number in range(len(windows["input_ids"]))]
        probability, first, after = max(spans)[:3]
        if self.recipe.reading.may_be_empty and min(empty for *_, empty in spans) > probability:
            first = after = 0
        read = sum(len(ids) for ids in windows["input_ids"])
        return Output(query.id, context[first:after].strip(), None, read)

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        return metrics.score_spans([query.reference for query, _ in pairs], [value for _, value in pairs])

    def _windows(self, query: Query) -> Any:
        question = self._tokenizer(query.inputs["question"], add_special_tokens=False)["input_ids"]
        room = self._window - len(question) - self._tokenizer.num_special_tokens_to_add(pair=True)
        if room < 1:
            raise WorkloadError(
                _(
                    "The question of query {id} fills the model's window of {window} tokens. Use a model with a "
                    "longer window."
                ).format(id=query.id, window=self._window)
            )
        return self._tokenizer(
            query.inputs["question"],
            query.inputs["context"],
            truncation="only_second",
            max_length=self._window,
            stride=min(self.recipe.reading.stride_tokens, room - 1),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )

    def _best_span(self, windows: Any, number: int) -> tuple[float, int, int, float]:
        """One window's best span: its probability, where in the context it begins and ends, and the probability that
        this window holds no answer, which is what a span of only the first token stands for.
        """
        names = [name for name in self._tokenizer.model_input_names if name in windows]
        tensors = {name: torch.tensor([windows[name][number]], device=self.device) for name in names}
        answer = self._model(**tensors)
        parts = windows.sequence_ids(number)
        closed = torch.tensor([part != 1 for part in parts], device=self.device)
        closed[0] = False
        first = answer.start_logits[0].float().masked_fill(closed, -torch.inf).softmax(-1)
        last = answer.end_logits[0].float().masked_fill(closed, -torch.inf).softmax(-1)
        joint = torch.outer(first, last).triu().tril(self.recipe.reading.max_answer_tokens - 1)
        empty = float(joint[0, 0])
        joint[0] = 0
        begin, end = divmod(int(joint.argmax()), joint.shape[1])
        offsets = windows["offset_mapping"][number]
        return float(joint[begin, end]), offsets[begin][0], offsets[end][1], empty


def accepted(value: Any) -> tuple[str, ...] | None:
    """The answers that count as right; none at all where the question has no answer, None where none are known."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        value = value["text"]
    return (value,) if isinstance(value, str) else tuple(value)
