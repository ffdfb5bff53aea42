"""Token classification: a label for each token of a text, as names of people and places."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForTokenClassification

from joulemark.workloads import labels, metrics
from joulemark.workloads.base import Output, Query
from joulemark.workloads.preprocess import Row, text_of
from joulemark.workloads.pretrained import open_whole
from joulemark.workloads.tasks.text import count, encoded, input_limit, open_fast_tokenizer
from joulemark.workloads.tasks.workload import Pairs, TaskWorkload, compact_json, sayable

OUTSIDE = "O"
SCHEME = ("B-", "I-", "E-", "S-", "L-", "U-")
"""How tags begin that say where in an entity a word stands: begin, inside, end or last, single or unit."""


class TokenClassification(TaskWorkload):
    """Columns: `text` (a text, or words to be joined), `tags` (one for each of the words).

    Answers with a JSON list of the tokens that have a label: label, first character, character after the last. A word
    is scored by the label of its first token (Devlin et al., BERT, NAACL 2019, section 5.3). A label that does not say
    whether an entity begins is read as inside one (the IO scheme): neighbours of one kind are then one entity.
    """

    metrics = ("seqeval-f1",)
    _tokenizer: Any
    _model: Any
    _limit: int | None

    def open_model(self) -> Sequence[torch.nn.Module]:
        """See TaskWorkload."""
        self._tokenizer = open_fast_tokenizer(self.recipe)
        self._model = open_whole(AutoModelForTokenClassification, self.recipe)
        self._limit = input_limit(self._tokenizer, self._model.config)
        return [self._model]

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        value = self.column(row, "text")
        inputs = {"text": text_of(value, self.recipe.preprocessing)}
        tags = self.reference(row, "tags")
        if tags is None or isinstance(value, str):
            return Query(query_id, inputs, None)
        words = inputs["text"].split(self.recipe.preprocessing.join)
        names = [self.recipe.answers.of_dataset(tag) or OUTSIDE for tag in tags[: len(words)]]
        return Query(query_id, inputs, tuple(names))

    def respond(self, query: Query) -> Output:
        """See TaskWorkload."""
        tokens = encoded(self._tokenizer, query.inputs["text"], self._limit, return_offsets_mapping=True)
        offsets = tokens.pop("offset_mapping")[0].tolist()
        best = self._model(**tokens.to(self.device)).logits[0].argmax(-1).tolist()
        names = self._model.config.id2label
        entities = [
            [self.recipe.answers.of_model(names[label]), first, after]
            for label, (first, after) in zip(best, offsets, strict=True)
            if after > first and names[label] != OUTSIDE  # special tokens come from no character
        ]
        return Output(query.id, compact_json(entities), None, count(tokens))

    def unscorable(self, queries: Sequence[Query]) -> str | None:
        """See TaskWorkload. Kinds of entities are compared, whatever the scheme."""
        right = {kind_of(tag) for query in queries for tag in query.reference} - {OUTSIDE}
        kinds = {kind_of(label) for label in sayable(self._model, self.recipe)}
        return labels.obstacle(right, kinds - {OUTSIDE})

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        joint = self.recipe.preprocessing.join or " "
        predictions = [
            tags_of_words(query.inputs["text"].split(joint), len(joint), value) for query, value in pairs
        ]
        return metrics.score_entities(
            [query.reference for query, _ in pairs], [in_scheme(tags) for tags in predictions]
        )


def tags_of_words(words: Sequence[str], gap: int, answer: str) -> list[str]:
    """Each word's label, out of an answer, where `gap` characters stand between two words."""
    named = {first: label for label, first, _ in json.loads(answer)}
    tags, begin = [], 0
    for word in words:
        tags.append(named.get(begin, OUTSIDE))
        begin += len(word) + gap
    return tags


def kind_of(tag: str) -> str:
    """The kind of entity without whether the word begins it."""
    return tag[2:] if tag.startswith(SCHEME) else tag


def in_scheme(tags: Sequence[str]) -> list[str]:
    """The tags, those without a place in their entity put inside one."""
    return [tag if tag == OUTSIDE or tag.startswith(SCHEME) else f"I-{tag}" for tag in tags]
