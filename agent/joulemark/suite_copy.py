"""A copy of a suite's folder with one file changed: a suite that was given out is never edited."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from joulemark import durable
from joulemark.errors import StorageError, UsageError
from joulemark.suite import read_suite
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joulemark.suite import Suite


def new_folder(name: str) -> Path:
    """The folder called `name`, which must be new or empty, and can be written: that is tried, and nothing is left.

    Raises UsageError or StorageError.
    """
    if not name:
        raise UsageError(_("`--out` has no name. Give a new folder, such as ./pinned."))
    folder = Path(name).expanduser()
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(_("{name} exists and is not a folder. Give a new folder.").format(name=name))
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(
                _("{name} is not empty. Give a new folder: a suite is never edited.").format(name=name)
            )
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        with TemporaryFile(dir=there):
            return folder
    except OSError as error:
        raise StorageError(
            _("{name} cannot be written ({why}). Give a writable folder, such as ./pinned.").format(
                name=name, why=error.strerror
            )
        ) from error


def write_copy(files: Mapping[str, bytes], target: Path, *, file: str, data: bytes) -> Suite:
    """Write the `files` of a suite into `target`, with `data` as its `file`, and return what lies there.

    Raises BrokenSuite or StorageError.
    """
    for name, content in {**files, file: data}.items():
        durable.write(target / name, content)
    return read_suite(target)
