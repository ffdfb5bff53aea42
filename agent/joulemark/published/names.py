"""The map beside an import: what a publisher calls things, and what the catalogue calls them. A small TOML file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from joulemark.published.errors import UnreadableInput
from joulemark.published.plausible import is_printable
from joulemark.record.codec import decode_toml
from joulemark.record.errors import Malformed
from joulemark.suite.schema import ModelKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.published.figures import InputFile


HUB = "https://huggingface.co/"
HUB_DATASETS = f"{HUB}datasets/"
"""What addresses of models and of data sets on the hub begin with."""


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The task, and the data set where there is one, that a whole file is about."""

    task: str
    dataset: str | None = None


class NameMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each table goes from the publisher's word to the catalogue's, but `columns`, which goes the other way.

    `columns`: the reader's name of a column = what the file calls it. `files`: a file's name = what it is about.
    `kinds`: a model, as the catalogue calls it = whether it was made for one task. `leave_out`: a model, as the
    publisher calls it = why it is not taken. `phase`: which phase the rows of a log are that does not say so itself.
    """

    columns: dict[str, str] = {}
    files: dict[str, Place] = {}
    tasks: dict[str, str] = {}
    datasets: dict[str, str] = {}
    models: dict[str, str] = {}
    kinds: dict[str, ModelKind] = {}
    leave_out: dict[str, str] = {}
    phase: str | None = None

    def task(self, name: str) -> str:
        """The catalogue's word for a task."""
        return self.tasks.get(name, name)

    def dataset(self, name: str | None) -> str | None:
        """The catalogue's word for a data set."""
        return None if name is None else self.datasets.get(name, name)

    def model(self, name: str) -> str:
        """The catalogue's word for a model."""
        return self.models.get(name, name)


def read_map(file: InputFile | None) -> NameMap:
    """The map, empty for no file. Raises UnreadableInput."""
    if file is None:
        return NameMap()
    try:
        names = decode_toml(file.content, NameMap, what=f"map {file.name}")
    except Malformed as error:
        raise UnreadableInput(f"{error} Mend the map.") from error
    for word in _words(msgspec.to_builtins(names)):
        if not is_printable(word):
            raise UnreadableInput(
                f"The map {file.name} says {word[:40]!a}, with characters that cannot be shown."
            )
    return names


def _words(part: object) -> Iterator[str]:
    """Every word of a map, names and values."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for name, value in part.items():
            yield from _words(name)
            yield from _words(value)
