"""all-MiniLM-L6-v2: sentence embeddings, and what is done with them.

Reimers and Gurevych, Sentence-BERT (EMNLP 2019): the mean of the last layer's token vectors, scaled to length 1.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel

from joulemark.workloads.base import Output, Query
from joulemark.workloads.packaged import PackagedWorkload
from joulemark.workloads.pretrained import open_pretrained, open_tokenizer

MAX_TOKENS = 256
"""The length up to which the model was made to be used; longer inputs are cut."""

SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


class _Embedding(PackagedWorkload):
    """A MiniLM on the device."""

    _tokenizer: Any
    _model: Any

    def open_model(self, weights: Path) -> torch.nn.Module:
        """See PackagedWorkload."""
        self._tokenizer = open_tokenizer(weights.parent)
        self._model = open_pretrained(AutoModel, weights.parent, self.device)
        return self._model

    def _embed(self, text: str) -> torch.Tensor:
        """The text's embedding, a vector of 384 numbers and length 1."""
        tokens = self._tokenizer(text, return_tensors="pt", truncation=True, max_length=MAX_TOKENS)
        with torch.inference_mode():
            states = self._model(**tokens.to(self.device)).last_hidden_state[0]
            return torch.nn.functional.normalize(states.mean(dim=0), dim=0)


class ZeroShotClassifier(_Embedding):
    """Answers with the label whose description is nearest to the text by cosine similarity."""

    _descriptions: torch.Tensor

    def open_model(self, weights: Path) -> torch.nn.Module:
        """See PackagedWorkload; the labels are embedded here, once."""
        model = super().open_model(weights)
        self._labels = [label.id for label in self.suite.dataset(self.job.dataset).labels]
        descriptions = [label.description for label in self.suite.dataset(self.job.dataset).labels]
        self._descriptions = torch.stack([self._embed(description) for description in descriptions])
        return model

    def answer(self, query: Query) -> Output:
        """See Workload."""
        similarities = self._descriptions @ self._embed(query.inputs["text"])
        return Output(query.id, self._labels[int(similarities.argmax())], None)


class ExtractiveSummarizer(_Embedding):
    """Answers with the sentences nearest to all others, in the order of the text.

    Degree centrality over cosine similarities (Erkan and Radev, LexRank, JAIR 22, 2004, section 3.1) without a
    threshold; each sentence is embedded by itself.
    """

    def answer(self, query: Query) -> Output:
        """See Workload."""
        sentences = SENTENCE_END.split(query.inputs["text"])
        vectors = torch.stack([self._embed(sentence) for sentence in sentences])
        centrality = (vectors @ vectors.T).sum(dim=1)
        n_sentences = min(self.job.summary_sentences or 1, len(sentences))
        chosen = sorted(centrality.topk(n_sentences).indices.tolist())
        return Output(query.id, " ".join(sentences[index] for index in chosen), None)
