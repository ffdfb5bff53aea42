"""The agent's own files, which survive a crash: in folders of their owner's, with errors that say what to do."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from joulemark.atomic_file import move_file, write_file
from joulemark.errors import DiskFull, StorageError
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from pathlib import Path

RESERVE_BYTES = 4 * 1024 * 1024
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def write(path: Path, data: bytes, *, mode: int = 0o644, replace: bool = True) -> None:
    """Write `data` to `path` so that after a crash the old or the new file is there, whole, and never a part.

    `replace=False` leaves an existing file alone and raises FileExistsError. Raises DiskFull or StorageError.
    """
    try:
        make_folder(path.parent)
        write_file(path, data, mode=mode, replace=replace)
    except FileExistsError:
        raise
    except OSError as error:
        raise translated(error, path) from error


def move(source: Path, target: Path) -> None:
    """Give `source` the name `target`, in place of what had it. Raises StorageError."""
    try:
        move_file(source, target)
    except OSError as error:
        raise translated(error, target) from error


def make_folder(folder: Path) -> None:
    """Make `folder`, readable by its owner only, with its parents. Raises DiskFull or StorageError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise translated(error, folder) from error


def reserve(path: Path, size_bytes: int = RESERVE_BYTES) -> None:
    """Hold `size_bytes` of disk at `path`, to be given up (`release`) when a result would not fit otherwise.

    Raises DiskFull when there is not even that much: better before a measurement than after it.
    """
    make_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size_bytes)
        finally:
            os.close(descriptor)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise translated(error, path) from error


def release(path: Path) -> None:
    """Give the reserved space back."""
    path.unlink(missing_ok=True)


def translated(error: OSError, path: Path) -> StorageError:
    """The agent's error for a failed write at `path`."""
    if error.errno in _NO_SPACE:
        return DiskFull(
            _(
                "No space is left to write {path}. Free some space on that disk, then run the command again."
            ).format(path=path)
        )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return StorageError(
        _("{path} cannot be written ({reason}). Make it writable, or set another XDG folder.").format(
            path=path, reason=reason
        )
    )
