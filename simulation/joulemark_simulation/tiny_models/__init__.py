"""Models of a few thousand random weights, made on the spot, in folders like a hub's snapshots.

They test plumbing: every library call that a real model takes is made, on a CPU, without a network, in milliseconds.
What they answer means nothing, and neither would their energies.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from joulemark_simulation.tiny_models import pictures, texts

BUILDERS: dict[str, Callable[[Path], None]] = {
    "bert-sentiment": texts.bert_for_sentiment,
    "bert-qa": texts.bert_for_questions,
    "bert-mask": texts.bert_for_masks,
    "bert-names": texts.bert_for_names,
    "llama": texts.llama,
    "bloom": texts.bloom,
    "bart": texts.bart,
    "t5": texts.t5,
    "vit": pictures.vit,
    "yolos": pictures.yolos,
    "captioner": pictures.vit_gpt2,
    "blip": pictures.blip,
    "blip2": pictures.blip2,
    "stable-diffusion": pictures.stable_diffusion,
}

SEEDS = {"bert-names": 7, "vit": 2, "t5": 6}
"""Seeds with which a model answers its rows differently; chosen by trying, 3 for those that are not named."""


def build(name: str, folder: Path) -> Path:
    """Make the model called `name` in a new folder within `folder`; the same weights each time, on one machine."""
    import torch

    snapshot = folder / name
    snapshot.mkdir()
    with torch.random.fork_rng():
        torch.manual_seed(SEEDS.get(name, 3))
        BUILDERS[name](snapshot)
    return snapshot
