"""What the simulated jobs truly take: joules and seconds of a query, invented and of the size that such models have."""

from __future__ import annotations

from dataclasses import dataclass

SUITE = "demo"


@dataclass(frozen=True, kw_only=True)
class Work:
    """A job on the first of the cards: `energy_j` of a query, whole board, and its mean latency in seconds."""

    energy_j: float
    latency_s: float


@dataclass(frozen=True, kw_only=True)
class Card:
    """A model of GPU as NVML names it; `factor` is its energy per query over the first card's, `share` of the crowd.

    `idle_w` at rest with a model resident; `limit_w` is the default power limit.
    """

    name: str
    memory_bytes: int
    limit_w: float
    idle_w: float
    factor: float
    share: float


CARDS = (
    Card(
        name="NVIDIA A100-SXM4-80GB",
        memory_bytes=81_920 * 2**20,
        limit_w=400.0,
        idle_w=56.0,
        factor=1.0,
        share=0.6,
    ),
    Card(
        name="NVIDIA A100-SXM4-40GB",
        memory_bytes=40_960 * 2**20,
        limit_w=400.0,
        idle_w=50.0,
        factor=0.95,
        share=0.4,
    ),
)
JOBS = {
    "text_classification/demo-topics/minilm-l6-v2": Work(energy_j=1.0, latency_s=0.008),
    "text_classification/demo-topics/smollm2-135m-instruct": Work(energy_j=3.6, latency_s=0.024),
    "text_classification/demo-sentiment/minilm-l6-v2": Work(energy_j=0.9, latency_s=0.0075),
    "text_classification/demo-sentiment/smollm2-135m-instruct": Work(energy_j=3.2, latency_s=0.022),
    "image_classification/demo-photos/efficientnet-lite0": Work(energy_j=1.5, latency_s=0.011),
    "text_generation/demo-prompts/smollm2-135m-instruct": Work(energy_j=42.0, latency_s=0.26),
    "summarization/demo-texts/minilm-l6-v2": Work(energy_j=1.7, latency_s=0.0125),
    "summarization/demo-texts/smollm2-135m-instruct": Work(energy_j=128.0, latency_s=0.8),
}
"""By the demo suite's jobs, which every platform has pinned."""


def true_j(job: str, card: Card) -> float:
    """Joules per query that a perfect meter finds on the mean device of this model. Raises KeyError."""
    return JOBS[job].energy_j * card.factor
