"""Image captioning: a sentence that says what a picture shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForImageTextToText

from joulemark.workloads import metrics
from joulemark.workloads.base import Output, Query
from joulemark.workloads.preprocess import Row, picture_of
from joulemark.workloads.pretrained import open_image_processor, open_tokenizer, open_whole
from joulemark.workloads.tasks.text import generated_text, settle_padding
from joulemark.workloads.tasks.workload import Pairs, TaskWorkload


class ImageCaptioning(TaskWorkload):
    """Columns: `image`, `captions` (a text or some). Answers with the caption.

    ROUGE-L is one of the four scores of Chen et al., Microsoft COCO Captions (arXiv 1504.00325, section 3.3), and the
    one that a kept library has without Java or a corpus of its own; CIDEr needs both.
    """

    metrics = ("rouge-l",)
    impossible = {"cider": "needs-a-corpus"}
    _processor: Any
    _tokenizer: Any
    _model: Any

    def open_model(self) -> Sequence[torch.nn.Module]:
        """See TaskWorkload."""
        folder = self.recipe.model_folder
        self._processor = open_image_processor(folder)
        self._tokenizer = open_tokenizer(folder)
        self._model = open_whole(AutoModelForImageTextToText, self.recipe)
        settle_padding(self._tokenizer, self._model)
        return [self._model]

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        captions = self.reference(row, "captions")
        if captions is not None:
            captions = (captions,) if isinstance(captions, str) else tuple(captions)
        picture = picture_of(self.column(row, "image"), self.recipe.preprocessing)
        return Query(query_id, {"image": picture}, captions or None)

    def respond(self, query: Query) -> Output:
        """See TaskWorkload. What every caption begins with is given, not generated, and not counted."""
        pixels = self._processor(images=query.inputs["image"], return_tensors="pt")["pixel_values"]
        generated = self._model.generate(
            pixel_values=pixels.to(self.device, self._model.dtype),
            **self.recipe.decoding.arguments(),
        )[0]
        new = generated[self._given(generated.tolist()) :]
        return Output(query.id, generated_text(self._tokenizer, new), len(new))

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        return metrics.score_captions([query.reference for query, _ in pairs], [value for _, value in pairs])

    def _given(self, ids: Sequence[int]) -> int:
        """How many tokens came before the caption: places for the picture in some models, then one that begins it."""
        config, settings = self._model.config, self._model.generation_config
        text = getattr(config, "text_config", None)
        places = {getattr(config, name, None) for name in ("image_token_id", "image_token_index")}
        begins = {settings.decoder_start_token_id, settings.bos_token_id, getattr(text, "bos_token_id", None)}
        given = next((number for number, token in enumerate(ids) if token not in places), len(ids))
        return given + 1 if given < len(ids) and ids[given] in begins else given
