"""Files on their way to the root: written to a temporary folder, digested, then stored under their digest's name."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from joulemark.release.manifest import StoredFile
from measurements.releases import storage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Staging:
    """A temporary folder of one writer. `new_bytes` counts what was stored and was not there before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.new_bytes = 0
        self._unsynced: list[str] = []

    def place(self, name: str) -> Path:
        """Where to write a file of this name."""
        return self.folder / name.replace("/", "-")

    def store(self, file: Path, path_of: Callable[[str], str]) -> StoredFile:
        """Store a written file where `path_of` its digest says, unless it is there; the temporary one goes."""
        with file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            stored = StoredFile(path=path_of(sha256), bytes=file.stat().st_size, sha256=sha256)
            if not storage.is_stored(stored):
                stream.seek(0)
                storage.store(stored.path, stream)
                self.new_bytes += stored.bytes
        self._unsynced.append(
            stored.path
        )  # also what is there: its writer may have been killed before it synced
        file.unlink()
        return stored

    def store_bytes(self, path: str, data: bytes) -> StoredFile:
        """Store what is in memory. A file of one release alone may be there from a writer that was killed."""
        stored = StoredFile(path=path, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        file = self.place(path)
        file.write_bytes(data)
        with file.open("rb") as stream:
            storage.store(path, stream)
        file.unlink()
        self.new_bytes += len(data)
        self._unsynced.append(path)
        return stored

    def sync(self) -> None:
        """Wait until everything that is stored is on disk; to be called before anything names it."""
        storage.sync(self._unsynced)
        self._unsynced.clear()
