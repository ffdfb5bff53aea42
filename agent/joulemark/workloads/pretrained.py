"""Models and tokenizers out of folders, through transformers' Auto classes and never from the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoImageProcessor, AutoTokenizer
from transformers.utils import logging

from joulemark.workloads.base import WorkloadError
from joulemark.workloads.recipe import Recipe


def open_tokenizer(folder: Path, **options: Any) -> Any:
    """The tokenizer in `folder`."""
    return AutoTokenizer.from_pretrained(folder, local_files_only=True, **options)


def open_image_processor(folder: Path) -> Any:
    """What scales and shifts pictures for the model in `folder`, with Pillow: torchvision's pixels are others."""
    return AutoImageProcessor.from_pretrained(folder, local_files_only=True, backend="pil")


def open_pretrained(auto_class: Any, folder: Path, device: str, **options: Any) -> Any:
    """The model in `folder`, in float32, ready to answer on `device`."""
    logging.disable_progress_bar()
    model = auto_class.from_pretrained(folder, local_files_only=True, dtype=torch.float32, **options)
    return model.to(device).eval()


COMPUTED = ("position_ids", "embed_positions.weight")
"""Ends of names of tensors that some models compute when they are made, and do not need from a file."""


def open_whole(auto_class: Any, recipe: Recipe) -> Any:
    """The recipe's model, ready to answer, every weight of it out of its files.

    Raises WorkloadError where some were not: transformers draws those at random and only warns.
    """
    logging.disable_progress_bar()
    logging.set_verbosity_error()  # what it would say of this load is asked for below
    model, report = auto_class.from_pretrained(
        recipe.model_folder,
        local_files_only=True,
        dtype=getattr(torch, recipe.dtype),
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # they are in the report
    )
    names = {*report["missing_keys"], *(name for name, *_ in report["mismatched_keys"])}
    random = sorted(name for name in names if not name.endswith(COMPUTED))
    if random:
        raise WorkloadError(
            f"The file of {recipe.model_name} lacks weights that this task needs, as {random[0]}. Use a model that was "
            "trained for the task."
        )
    return model.to(recipe.device).eval()
