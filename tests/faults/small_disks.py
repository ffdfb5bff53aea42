"""A small disk (tmpfs) that can be filled to the last byte, and stays full until it is freed."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

AGAIN_S = 0.05
PAGE = b"\0" * 4096


class SmallDisk:
    """A tmpfs at `folder`, which it makes. While it is full, what others give free is taken at once."""

    def __init__(self, folder: Path, *, mebibytes: int) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        self._is_free = threading.Event()
        self._thread: threading.Thread | None = None
        folder.mkdir(parents=True)
        options = f"size={mebibytes}m,mode=0755"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "faults", str(folder)], check=True)

    def fill(self) -> None:
        """Leave no byte free, until `free`."""
        self._is_free.clear()
        self._take_what_is_free()
        self._thread = threading.Thread(target=self._stay_full, daemon=True)
        self._thread.start()

    def free(self) -> None:
        """Give everything back."""
        if self._thread is not None:
            self._is_free.set()
            self._thread.join()
            self._thread = None
        self._ballast.unlink(missing_ok=True)

    def _stay_full(self) -> None:
        while not self._is_free.wait(AGAIN_S):
            self._take_what_is_free()

    def _take_what_is_free(self) -> None:
        space = os.statvfs(self.folder)
        with self._ballast.open("ab") as file:
            try:
                if space.f_bavail:
                    size = os.fstat(file.fileno()).st_size
                    os.posix_fallocate(file.fileno(), size, space.f_bavail * space.f_frsize)
                while True:
                    os.write(file.fileno(), PAGE)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
