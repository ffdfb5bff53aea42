"""The right to measure, which one run has at a time on the whole machine, whoever started it.

It is a lock (flock) on an empty file in the system's folder for temporary files, the same for every user. The
system lets go of it when the process dies. Reading the file is enough to lock it, so nobody needs to write it.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark.errors import RunInProgress, StorageError
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "joulemark-run.lock"


@contextmanager
def only_run() -> Iterator[None]:
    """Hold the right to measure. Raises RunInProgress, or StorageError when the file cannot be used."""
    path = Path(tempfile.gettempdir()) / NAME
    descriptor = _locked(path)
    while not _is_at(path, descriptor):  # removed between opening and locking: another run may hold a new one
        os.close(descriptor)
        descriptor = _locked(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int:
    try:
        descriptor = _opened(path)
    except OSError as error:
        raise StorageError(
            _("The lock {path} cannot be used ({why}). Ask its owner to remove it, or set TMPDIR.").format(
                path=path, why=error.strerror
            )
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise RunInProgress(
            _(
                "Another `joulemark run` is measuring on this machine; two at once would distort "
                "each other's numbers. Wait for it to end."
            )
        ) from error
    return descriptor


def _opened(path: Path) -> int:
    """The file, never through a symbolic link and never waiting, as a named pipe would make us.

    It is made only where there is none: in /tmp, Linux may refuse O_CREAT on a file of another user
    (fs.protected_regular).
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        try:
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o444)
        except FileExistsError:  # another run made it first, or it is a link to nowhere, which fails here
            descriptor = os.open(path, flags)
        else:
            os.fchmod(descriptor, 0o444)  # whatever the umask: every user must be able to lock it
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "not a regular file")
    return descriptor


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
