"""A copy of a suite's folder with one file changed: a suite that was given out is never edited."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from joulemark import durable
from joulemark.errors import UsageError
from joulemark.suite import read_suite
from joulemark.suite.loader import files_of, folder_of

if TYPE_CHECKING:
    from joulemark.suite import Suite


def new_folder(name: str) -> Path:
    """The folder called `name`, which must be new or empty. Raises UsageError."""
    folder = Path(name).expanduser()
    try:
        used = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise UsageError(f"{name} cannot be read ({error.strerror}). Name another folder.") from error
    if used:
        raise UsageError(f"{name} is not empty. Name a new folder: a suite is never edited.")
    return folder


def write_copy(source: str, target: Path, *, file: str, data: bytes) -> Suite:
    """Write the files of the suite `source` into `target`, with `data` as its `file`, and return what lies there.

    Raises UnknownSuite, BrokenSuite or StorageError.
    """
    for name, content in {**files_of(folder_of(source)), file: data}.items():
        durable.write(target / name, content)
    return read_suite(target)
