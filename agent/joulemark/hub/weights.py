"""Which files of a model's repository are the weights that are loaded, out of all formats that it may hold."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from joulemark.hub.client import RepositoryEntry

PIPELINE = "model_index.json"
"""A repository with this file is a diffusion pipeline: its weights lie in a folder for each part."""

_SHARD = r"(-\d{5}-of-\d{5})?"
_NAMES = (
    re.compile(rf"(diffusion_pytorch_model|model){_SHARD}\.safetensors"),
    re.compile(rf"(diffusion_pytorch_model|pytorch_model){_SHARD}\.bin"),
)


def weights_files(files: Iterable[RepositoryEntry]) -> tuple[RepositoryEntry, ...]:
    """The weights in the order of their paths; empty where there are none.

    In each folder safetensors where there are any, else PyTorch's own format; never a variant in another number
    format. Of a pipeline every part counts, of any other model only what lies at the top.
    """
    entries = sorted(files, key=lambda file: file.path)
    in_folders = any(file.path == PIPELINE for file in entries)
    large = [file for file in entries if file.lfs is not None]
    return tuple(_chosen(large, depth=1 if in_folders else 0))


def _chosen(files: Iterable[RepositoryEntry], *, depth: int) -> Iterator[RepositoryEntry]:
    fitting = [file for file in files if file.path.count("/") == depth]
    for _, folder in groupby(fitting, key=lambda file: file.path.rpartition("/")[0]):
        entries = list(folder)
        for name in _NAMES:
            matching = [file for file in entries if name.fullmatch(file.path.rpartition("/")[2])]
            if matching:
                yield from matching
                break
