"""Image classification: what is in a picture, out of a model's classes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForImageClassification

from joulemark.workloads import labels, metrics
from joulemark.workloads.base import Output, Query
from joulemark.workloads.preprocess import Row, picture_of
from joulemark.workloads.pretrained import open_image_processor, open_whole
from joulemark.workloads.tasks.workload import Pairs, TaskWorkload, compact_json, sayable


class ImageClassification(TaskWorkload):
    """Columns: `image`, `label`. Answers with a JSON list of the likeliest labels, the likeliest first."""

    metrics = ("top-1", "top-5")
    _processor: Any
    _model: Any

    def open_model(self) -> Sequence[torch.nn.Module]:
        """See TaskWorkload."""
        folder = self.recipe.model_folder
        self._processor = open_image_processor(folder)
        self._model = open_whole(AutoModelForImageClassification, self.recipe)
        return [self._model]

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        picture = picture_of(self.column(row, "image"), self.recipe.preprocessing)
        return Query(
            query_id, {"image": picture}, self.recipe.answers.of_dataset(self.reference(row, "label"))
        )

    def respond(self, query: Query) -> Output:
        """See TaskWorkload."""
        pixels = self._processor(images=query.inputs["image"], return_tensors="pt")["pixel_values"]
        scores = self._model(pixel_values=pixels.to(self.device, self._model.dtype)).logits[0]
        best = scores.topk(min(self.recipe.answers.top_k, len(scores))).indices.tolist()
        names = [self.recipe.answers.of_model(self._model.config.id2label[number]) for number in best]
        return Output(query.id, compact_json(names), None)

    def unscorable(self, queries: Sequence[Query]) -> str | None:
        """See TaskWorkload."""
        return labels.obstacle({query.reference for query in queries}, sayable(self._model, self.recipe))

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        return metrics.score_rankings(
            [query.reference for query, _ in pairs], [json.loads(value) for _, value in pairs]
        )
