"""Text into tokens, as much of it as a model takes; and generated tokens back into text."""

from __future__ import annotations

from typing import Any

from joulemark.translation import gettext as _
from joulemark.workloads.base import WorkloadError
from joulemark.workloads.pretrained import open_tokenizer
from joulemark.workloads.recipe import Recipe

UNLIMITED = 1_000_000
"""A tokenizer that was never told its limit says a number far above this."""

RESERVED = {"roberta": 2, "xlm-roberta": 2, "camembert": 2}
"""Positions that these models keep for padding: their tables are that much longer than the longest text."""


def open_fast_tokenizer(recipe: Recipe) -> Any:
    """The model's tokenizer. Raises WorkloadError unless it says where in a text its tokens come from."""
    tokenizer = open_tokenizer(recipe.model_folder)
    if not tokenizer.is_fast:
        raise WorkloadError(
            _(
                "The tokenizer of {model_name} does not report where its tokens begin. Use a model "
                "with a tokenizer.json."
            ).format(model_name=recipe.model_name)
        )
    return tokenizer


def input_limit(tokenizer: Any, config: Any) -> int | None:
    """The most tokens that the model takes, special ones included; None where neither part says so."""
    limits = [tokenizer.model_max_length] if tokenizer.model_max_length < UNLIMITED else []
    positions = getattr(config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        limits.append(positions - RESERVED.get(config.model_type, 0))
    return min(limits, default=None)


def encoded(tokenizer: Any, text: str, limit: int | None, **options: Any) -> Any:
    """The text as tokens in a batch of one, cut at `limit`."""
    return tokenizer(text, return_tensors="pt", truncation=limit is not None, max_length=limit, **options)


def count(tokens: Any) -> int:
    """How many tokens a batch of one has."""
    return int(tokens["input_ids"].shape[-1])


def generated_text(tokenizer: Any, ids: Any) -> str:
    """What new tokens say, without special ones and the white space around it."""
    return str(tokenizer.decode(ids, skip_special_tokens=True)).strip()


def settle_padding(tokenizer: Any, model: Any) -> None:
    """Say what `generate` pads with, where the model does not: a batch of one is never padded, but it asks."""
    settings = model.generation_config
    if settings.pad_token_id is None:
        candidates = (tokenizer.pad_token_id, settings.eos_token_id, tokenizer.eos_token_id)
        settings.pad_token_id = next((token for token in candidates if isinstance(token, int)), None)
