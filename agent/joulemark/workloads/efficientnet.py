"""EfficientNet-Lite0 with the preparation of pictures that its authors published beside it.

https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite: the middle square, 224 / (224 + 32) of
the shorter side wide, scaled to 224 by 224 pixels; values are shifted by 127 and divided by 128.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

from joulemark.workloads.base import Output, Query
from joulemark.workloads.packaged import PackagedWorkload

SIDE = 224
MARGIN = 32
MEAN = 127.0
SCALE = 128.0


class ImageClassifier(PackagedWorkload):
    """Answers with the number of the likeliest of the 1,000 ImageNet-1k classes, 0 to 999, as text."""

    _model: torch.nn.Module

    def open_model(self, weights: Path) -> torch.nn.Module:
        """See PackagedWorkload."""
        model = EfficientNet.from_name("efficientnet-lite0")
        model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        self._model = model.to(self.device).eval()
        return self._model

    def answer(self, query: Query) -> Output:
        """See Workload."""
        pixels = prepared(query.inputs["image"]).to(self.device)
        with torch.inference_mode():
            scores = self._model(pixels)
        return Output(query.id, str(int(scores.argmax())), None)


def prepared(picture: Any) -> torch.Tensor:
    """An RGB `PIL.Image.Image` as the model's input: float32, shape (1, 3, 224, 224)."""
    width, height = picture.size
    side = min(width, height) * SIDE / (SIDE + MARGIN)
    left, upper = (width - side) / 2, (height - side) / 2
    box = (left, upper, left + side, upper + side)
    scaled = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box)
    values = (np.asarray(scaled, dtype=np.float32) - MEAN) / SCALE
    return torch.from_numpy(values).permute(2, 0, 1).unsqueeze(0)
