"""Models and tokenizers out of folders, through transformers' Auto classes and never from the hub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from transformers import AutoImageProcessor, AutoTokenizer
from transformers.utils import logging

from joulemark.translation import gettext as _
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


OTHER_HEADS = re.compile(
    r"(^|\.)(pooler|cls|lm_head|classifier|qa_outputs|score|seq_relationship|discriminator_predictions"
    r"|vocab_(transform|layer_norm|projector))(\.|$)"
)
"""Parts that a model was trained with for another task than the one it is used for, and that its class leaves out."""

BUFFERS = re.compile(r"(position_ids|masked_bias|attn\.bias|attention\.bias|inv_freq|num_batches_tracked)\Z")
"""Tensors without weights that older versions of the library wrote into files."""


def _has_no_place(name: str, unused: tuple[str, ...]) -> bool:
    """Whether a tensor of a file that the model did not take is a part of it that went missing."""
    return not (name.startswith(unused) or OTHER_HEADS.search(name) or BUFFERS.search(name))


def open_whole(auto_class: Any, recipe: Recipe) -> Any:
    """The recipe's model, ready to answer, every weight of it out of its files, and every tensor of the files in it.

    Raises WorkloadError where some weights were not in the files (transformers draws those at random and only warns),
    and where the files have tensors for which the configuration has no place: a layer fewer is a cheaper model.
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
    names = {*report["missing_keys"], *(name for name, *_shapes in report["mismatched_keys"])}
    random = sorted(name for name in names if not name.endswith(COMPUTED))
    if random:
        raise WorkloadError(
            _(
                "The file of {model_name} lacks weights that this task needs, such as {random}. Use "
                "a model that was trained for the task."
            ).format(model_name=recipe.model_name, random=random[0])
        )
    unused = sorted(name for name in report["unexpected_keys"] if _has_no_place(name, recipe.unused_tensors))
    if unused:
        raise WorkloadError(
            _(
                "The file of {model_name} has weights that its configuration does not use, such as "
                "{unused}. Fetch the pinned revision again; if this is intended, the suite must name "
                "them (`unused_tensors`)."
            ).format(model_name=recipe.model_name, unused=unused[0])
        )
    return model.to(recipe.device).eval()
