"""Image generation: a picture for a prompt, by a diffusion pipeline."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import torch

from joulemark.workloads import devices
from joulemark.workloads.base import Output, Query
from joulemark.workloads.preprocess import Row, text_of
from joulemark.workloads.tasks.workload import Pairs, TaskWorkload, compact_json


class ImageGeneration(TaskWorkload):
    """Column: `text`. Answers with JSON: width and height in pixels, SHA-256 of the RGB bytes row by row.

    CLIPScore (Hessel et al., EMNLP 2021) needs a second model beside the one that is measured, and is not computed.
    """

    impossible = {"clip-score": "needs-another-model"}
    _pipeline: Any

    def open_model(self) -> Sequence[torch.nn.Module]:
        """See TaskWorkload. The parts that have parameters, the denoiser first: its type is the pipeline's."""
        from diffusers import DiffusionPipeline
        from diffusers.utils import logging

        logging.disable_progress_bar()
        logging.set_verbosity_error()
        self._pipeline = DiffusionPipeline.from_pretrained(
            self.recipe.model_folder, dtype=getattr(torch, self.recipe.dtype), local_files_only=True
        ).to(self.device)
        self._pipeline.set_progress_bar_config(disable=True)
        parts = {
            name: part
            for name, part in self._pipeline.components.items()
            if isinstance(part, torch.nn.Module) and any(True for _ in part.parameters())
        }
        return [parts[name] for name in sorted(parts, key=lambda name: name not in ("unet", "transformer"))]

    def ask(self, query_id: str, row: Row) -> Query:
        """See TaskWorkload."""
        return Query(query_id, {"text": text_of(self.column(row, "text"), self.recipe.preprocessing)}, None)

    def respond(self, query: Query) -> Output:
        """See TaskWorkload. Noise is drawn on the CPU, so that every device begins with the same."""
        noise = torch.Generator("cpu").manual_seed(devices.seed_of(query.id))
        picture = self._pipeline(
            query.inputs["text"], generator=noise, **self.recipe.diffusion.arguments()
        ).images[0]
        seen = {
            "width": picture.width,
            "height": picture.height,
            "sha256": hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest(),
        }
        return Output(query.id, compact_json(seen), None, self._tokens(query.inputs["text"]))

    def score(self, pairs: Pairs) -> dict[str, float]:
        """See TaskWorkload."""
        return {}

    def _tokens(self, prompt: str) -> int:
        """Tokens of the prompt, as many as the text encoder takes."""
        tokenizer = self._pipeline.tokenizer
        return len(tokenizer(prompt, truncation=True, max_length=tokenizer.model_max_length)["input_ids"])
