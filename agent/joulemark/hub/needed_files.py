"""Which files of a repository are needed beside weights and rows: what libraries read, and what says who may use it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from joulemark.hub.weights import PIPELINE
from joulemark.suite.hub_files import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.hub.client import RepositoryEntry
    from joulemark.suite import Model

MOST_BYTES = 64 * 1024 * 1024
"""A vocabulary of a large model takes up to some 35 MB; what is larger is weights, or of no use to a library."""

_OTHER_FORMATS = WEIGHTS | {
    *(".mlmodel", ".mlpackage", ".npy", ".npz", ".pb", ".pkl", ".pickle", ".tflite", ".xml"),
    *(".csv", ".gz", ".ipynb", ".jsonl", ".parquet", ".pdf", ".py", ".tar", ".zip"),
    *(".gif", ".jpeg", ".jpg", ".mp3", ".mp4", ".png", ".svg", ".wav", ".webp"),
}
_TEMPLATES = "additional_chat_templates"
_ABOUT = ("README.md", "LICENSE", "LICENSE.md", "LICENSE.txt", ".gitattributes")


def beside_weights(files: Iterable[RepositoryEntry]) -> tuple[RepositoryEntry, ...]:
    """A model's configuration, tokenizer, processor, licence: all that is neither weights nor large nor a program.

    Of a pipeline also in the folders of its parts, of any other model only what lies at the top.
    """
    entries = list(files)
    in_folders = any(file.path == PIPELINE for file in entries)
    return tuple(file for file in entries if _is_needed(file, in_folders=in_folders))


def decisive(files: Iterable[RepositoryEntry]) -> tuple[RepositoryEntry, ...]:
    """Of the files beside a model's weights those that decide what runs: all but its page and its licence."""
    return tuple(file for file in beside_weights(files) if file.path not in _ABOUT)


def beside_rows(files: Iterable[RepositoryEntry]) -> tuple[RepositoryEntry, ...]:
    """A data set's page and licence."""
    return tuple(file for file in files if file.path in _ABOUT and file.size <= MOST_BYTES)


def configurations(model: Model) -> tuple[str, ...]:
    """The least that a model needs beside its weights, where no listing of its repository is known."""
    folders = dict.fromkeys(file.name.rpartition("/")[0] for file in model.files)
    names = [f"{folder}/config.json" if folder else "config.json" for folder in folders]
    return (PIPELINE, *names) if any(folders) else tuple(names)


def _is_needed(file: RepositoryEntry, *, in_folders: bool) -> bool:
    path = PurePosixPath(file.path)
    folders = path.parts[:-1]
    where = not folders or folders == (_TEMPLATES,) or (in_folders and len(folders) == 1)
    return where and path.suffix.lower() not in _OTHER_FORMATS and file.size <= MOST_BYTES
