"""Files that are there whole or not at all: written beside their name, synced, then renamed or linked to it."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_file(
    path: Path,
    data: bytes,
    *,
    mode: int = 0o644,
    ignores_umask: bool = False,
    replace: bool = True,
    syncs_name: bool = True,
) -> None:
    """Give `path` the content `data`; its folder must be there. Raises OSError.

    After a crash the old or the new file is there, never a part. Once this returns, the bytes are on disk, and with
    `syncs_name` the name is too. `mode` is cut by the umask unless `ignores_umask`. `replace=False` leaves a file that
    is there as it is and raises FileExistsError: of two processes that write at once, one wins for both.
    """
    draft = draft_of(path)
    try:
        _write_synced(draft, data, mode, ignores_umask=ignores_umask)
        if replace:
            draft.replace(path)
        else:
            os.link(draft, path)
        if syncs_name:
            sync_folder(path.parent)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def make_file_once(path: Path, data: bytes, *, mode: int) -> None:
    """`write_file` where there is no file yet; whoever came first has written it. Raises OSError."""
    with suppress(FileExistsError):
        write_file(path, data, mode=mode, replace=False)


def move_file(source: Path, target: Path) -> None:
    """Give the file at `source` the name `target`, in place of what had it, for good. Raises OSError."""
    source.replace(target)
    sync_folder(target.parent)


def draft_of(path: Path) -> Path:
    """The name beside `path` under which this thread writes before it renames; hidden, and no other thread's."""
    return path.with_name(f".{path.name}.{os.getpid()}-{threading.get_native_id()}.new")


DRAFTS = ".*.new"
"""What names of drafts look like, as a glob."""


def sync_folder(folder: Path) -> None:
    """Have the names in a folder outlast a power cut. Raises OSError."""
    sync_path(folder)


def sync_path(path: Path) -> None:
    """Have a file's bytes, or a folder's names, outlast a power cut, whoever wrote them. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_synced(path: Path, data: bytes, mode: int, *, ignores_umask: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        if ignores_umask:
            os.fchmod(descriptor, mode)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
