"""Models and tokenizers out of folders, through transformers' Auto classes and never from the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer
from transformers.utils import logging


def open_tokenizer(folder: Path, **options: Any) -> Any:
    """The tokenizer in `folder`."""
    return AutoTokenizer.from_pretrained(folder, local_files_only=True, **options)


def open_pretrained(auto_class: Any, folder: Path, device: str, **options: Any) -> Any:
    """The model in `folder`, in float32, ready to answer on `device`."""
    logging.disable_progress_bar()
    model = auto_class.from_pretrained(folder, local_files_only=True, dtype=torch.float32, **options)
    return model.to(device).eval()
