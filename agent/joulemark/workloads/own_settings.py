"""What a model's own files say about how it generates, read here and passed on: versions of libraries read them apart.

As transformers 4.30.2, which the 2024 study ran, put them together: ``generation_config.json`` or, without one, the
same names in ``config.json``; over them the task's part of `task_specific_params`; under them the library's defaults of
that version. Later versions leave `task_specific_params` aside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULTS: Mapping[str, Any] = {
    "max_length": 20,
    "min_length": 0,
    "do_sample": False,
    "num_beams": 1,
    "temperature": 1.0,
    "top_k": 50,
    "top_p": 1.0,
    "length_penalty": 1.0,
    "early_stopping": False,
    "no_repeat_ngram_size": 0,
    "repetition_penalty": 1.0,
}
"""What 4.30.2 did where a model said nothing (`GenerationConfig`); a suite's own limits go over it."""

MODELS_OWN = (
    "encoder_no_repeat_ngram_size",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "num_beam_groups",
    "diversity_penalty",
    "typical_p",
)
"""What is passed on too, where a model says it."""


@dataclass(frozen=True)
class OwnSettings:
    """`prefix` stands before each text; `arguments` are those of `generate`."""

    prefix: str
    arguments: Mapping[str, Any]


NO_SETTINGS = OwnSettings("", {})


def own_settings(folder: Path, task: str | None) -> OwnSettings:
    """What the model in `folder` says for the task, complete; nothing where no task is named.

    Raises OSError or ValueError for files that cannot be read.
    """
    if task is None:
        return NO_SETTINGS
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    written = folder / "generation_config.json"
    general = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else config
    for_task = (config.get("task_specific_params") or {}).get(task) or {}
    values = {**general, **for_task}
    settings = {name: values[name] for name in (*DEFAULTS, *MODELS_OWN) if values.get(name) is not None}
    return OwnSettings(for_task.get("prefix") or config.get("prefix") or "", {**DEFAULTS, **settings})
