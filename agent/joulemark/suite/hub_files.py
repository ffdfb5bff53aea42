"""Names on the hub and in its cache: where a repository lies, which files are weights, which Parquet files a split.

The cache's layout is that of huggingface_hub ("Understand caching", in its documentation).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from joulemark.suite.schema import CONVERSION, DataSet

RepositoryKind = Literal["models", "datasets"]

WEIGHTS = frozenset(
    {".safetensors", ".bin", ".h5", ".msgpack", ".ot", ".onnx", ".ckpt", ".pt", ".pth", ".gguf"}
)
"""How files with weights end, in all formats that repositories hold beside each other."""

_SHARD = re.compile(r"(?:^|[-/])(\d{4,5})(?:-of-(\d{5}))?(?:-[0-9a-f]{16})?\.parquet\Z")


def repository_folder(kind: RepositoryKind, hub_id: str) -> str:
    """A repository's folder in the cache: ``models--OWNER--NAME`` or ``datasets--OWNER--NAME``."""
    return "--".join((kind, *hub_id.split("/")))


def split_files(names: Iterable[str], dataset: DataSet) -> tuple[str, ...]:
    """Of a repository's files the Parquet files of the data set's split, in their order.

    Empty where none are clearly of the split, or where one is missing before the last.
    """
    parquet = sorted(name for name in names if name.endswith(".parquet"))
    files = _converted(parquet, dataset) if dataset.branch == CONVERSION else _uploaded(parquet, dataset)
    return tuple(files) if _follow_one_another(files) else ()


def ends_with_these(shards: Sequence[str]) -> bool:
    """Whether the names say that no shard follows: ``-00000-of-00001`` does, or one name without a number."""
    matches = [_SHARD.search(name) for name in shards]
    return all(len(shards) == (1 if shard is None else int(shard[2] or -1)) for shard in matches)


def _converted(names: Sequence[str], dataset: DataSet) -> list[str]:
    """On the branch of conversions ``CONFIG/SPLIT/0000.parquet``; of a large split its beginning, ``partial-SPLIT``."""
    for folder in (dataset.split, f"partial-{dataset.split}"):
        files = [
            name
            for name in names
            if name.split("/")[-2:-1] == [folder] and dataset.config in (None, name.partition("/")[0])
        ]
        if files:
            return _one_folder(files)
    return []


def _uploaded(names: Sequence[str], dataset: DataSet) -> list[str]:
    """On any other branch: the split is a word of the file's path, the configuration a folder.

    That is how the library `datasets` reads a repository that says nothing about it ("Structure your repository").
    """
    word = re.compile(rf"(^|[-_./ ]){re.escape(str(dataset.split))}([-_./ ]|$)")
    files = [
        name
        for name in names
        if word.search(name) and (dataset.config is None or dataset.config in name.split("/")[:-1])
    ]
    return _one_folder(files)


def _one_folder(names: Iterable[str]) -> list[str]:
    """The files that share a folder; of several folders that of the usual configuration, else nothing is clear."""
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(name.rpartition("/")[0], []).append(name)
    if len(folders) == 1:
        return next(iter(folders.values()))
    usual = [files for folder, files in folders.items() if {"data", "default"} & set(folder.split("/"))]
    return usual[0] if len(usual) == 1 else []


def _follow_one_another(names: Sequence[str]) -> bool:
    """Whether no shard is missing before the last one that is there; a name without a number is one whole file."""
    numbers = [_SHARD.search(name) for name in names]
    if not any(numbers):
        return len(names) == 1
    return [int(number[1]) for number in numbers if number] == list(range(len(names)))
