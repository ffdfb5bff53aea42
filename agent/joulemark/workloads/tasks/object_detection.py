"""Object detection: what is where in a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import AutoModelForObjectDetection

from joulemark.workloads import labels, metrics
from joulemark.workloads.base import Output, Query
from joulemark.workloads.metrics import Box
from joulemark.workloads.preprocess import Row, picture_of, size_of
from joulemark.workloads.pretrained import open_image_processor, open_whole
from joulemark.workloads.tasks.workload import Pairs, TaskWorkload, compact_json, sayable

CATEGORIES = ("category", "label")
"""What data sets call the numbers of their objects' classes."""


class ObjectDetection(TaskWorkload):
    """Columns: `image`, `objects` (a mapping of lists: `bbox` as COCO has it, and `category` or `label`).

    Answers with a JSON list of detections, the surest first: label, score to four digits, box (left, top, right,
    bottom) in whole pixels of the picture that was asked about.
    """

    metrics = ("map", "map-50")
    _processor: Any
    _model: Any

    def open_model(self) -> Sequence[torch.nn.Module]:
        """See TaskWorkload."""
        folder = self.recipe.model_folder
        self._processor = open_image_processor(folder)
        self._model = open_whole(AutoModelForObjectDetection, self.recipe)
        return [self._model]

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload. References are scaled with their picture."""
        value = self.column(row, "image")
        picture = picture_of(value, self.recipe.preprocessing)
        objects = self.reference(row, "objects")
        has_categories = isinstance(objects, Mapping) and any(name in objects for name in CATEGORIES)
        reference = self._boxes(objects, size_of(value), picture.size) if has_categories else None
        return Query(query_id, {"image": picture}, reference)

    def respond(self, query: Query) -> Output:
        """See TaskWorkload."""
        picture = query.inputs["image"]
        inputs = self._processor(images=picture, return_tensors="pt").to(self.device, self._model.dtype)
        answer = self._model(**inputs)
        detected = self._processor.post_process_object_detection(
            answer, threshold=self.recipe.answers.threshold, target_sizes=[(picture.height, picture.width)]
        )[0]
        detections = [
            {"label": self._label(label), "score": round(score, 4), "box": [round(edge) for edge in box]}
            for label, score, box in zip(
                detected["labels"].tolist(),
                detected["scores"].tolist(),
                detected["boxes"].tolist(),
                strict=True,
            )
        ]
        detections.sort(key=lambda each: (-each["score"], each["label"], each["box"]))
        return Output(query.id, compact_json(detections), None)

    def unscorable(self, queries: Sequence[Query]) -> str | None:
        """See TaskWorkload."""
        right = {box.label for query in queries for box in query.reference}
        return labels.obstacle(right, sayable(self._model, self.recipe))

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        predictions = [
            [Box(each["label"], tuple(each["box"]), each["score"]) for each in json.loads(value)]
            for _, value in pairs
        ]
        return metrics.score_boxes([query.reference for query, _ in pairs], predictions)

    def _label(self, number: int) -> str:
        return self.recipe.answers.of_model(self._model.config.id2label[number])

    def _boxes(
        self, objects: Mapping[str, Any], before: tuple[int, int], after: tuple[int, int]
    ) -> tuple[Box, ...]:
        """A row's objects, in pixels of the picture after scaling; COCO writes left, top, width and height."""
        numbers = next(objects[name] for name in CATEGORIES if name in objects)
        across, down = after[0] / before[0], after[1] / before[1]
        return tuple(
            Box(
                self.recipe.answers.of_dataset(number) or "",
                (left * across, top * down, (left + width) * across, (top + height) * down),
            )
            for number, (left, top, width, height) in zip(numbers, objects["bbox"], strict=True)
        )
