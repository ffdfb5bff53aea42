"""Where releases lie: settings.STORAGES["releases"], a local folder or a bucket. Files are seen whole or not at all."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from joulemark.atomic_file import DRAFTS, draft_of, sync_folder, sync_path
from joulemark.release.layout import is_release_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.release.manifest import StoredFile

ALIAS = "releases"
FOLDER_MODE, FILE_MODE = 0o755, 0o644  # everything here is public
CHUNK_BYTES = 1024 * 1024
ASKED_ANEW = "no-cache"
"""Cache-Control of the list of releases, the one file that changes."""
SYNC_THREADS = 8
"""Files that wait for the disk together; it then commits once for all of them."""


class ReleaseFolder(FileSystemStorage):
    """A local folder. A file is written beside its place and then moved there: a killed writer leaves none.

    `sync` then waits for the disk for many files at once; nothing names a file before.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself: a path of a release has one content, and `releases.json` is replaced."""
        return name

    def _save(self, name: str, content: File[bytes]) -> str:
        place = Path(self.path(name))
        place.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        draft = draft_of(place)
        try:
            with draft.open("wb") as out:
                content.seek(0)
                shutil.copyfileobj(content, out, CHUNK_BYTES)
            draft.chmod(FILE_MODE)
            draft.replace(place)
        finally:
            draft.unlink(missing_ok=True)
        return name


def root() -> Storage:
    """The root of the releases."""
    return storages[ALIAS]


def local_folder() -> Path | None:
    """The folder where the root is one, None where it is a bucket."""
    storage = root()
    return Path(storage.location) if isinstance(storage, FileSystemStorage) else None


def is_stored(file: StoredFile) -> bool:
    """Whether a file of this path and size is there."""
    storage = root()
    return storage.exists(file.path) and storage.size(file.path) == file.bytes


def store(path: str, content: IO[bytes]) -> None:
    """Write a file, in the place of one that may be there. Raises ValueError where a bucket gives it another name."""
    stored = root().save(path, File(content))
    if stored != path:
        raise ValueError(f"{path} was stored as {stored}; the bucket's storage needs file_overwrite.")


def sync(paths: Iterable[str]) -> None:
    """Return once these files and their names are on disk, whatever happens to the power.

    A bucket has promised that before.
    """
    folder = local_folder()
    if folder is None:
        return
    named = set(paths)
    with ThreadPoolExecutor(SYNC_THREADS) as pool:
        for done in [pool.submit(sync_path, folder / path) for path in named]:
            done.result()
    for parent in {parent for path in named for parent in PurePosixPath(path).parents}:
        sync_folder(folder / parent)


def remove_drafts() -> None:
    """Remove what a killed writer had not moved to its place. For whoever is the only writer."""
    folder = local_folder()
    if folder is not None:
        for draft in folder.rglob(DRAFTS):
            draft.unlink(missing_ok=True)


def read(path: str) -> bytes | None:
    """The bytes of a file; None where there is none."""
    storage = root()
    if not storage.exists(path):
        return None
    with storage.open(path, "rb") as file:
        content: bytes = file.read()
        return content


def address(path: str) -> str | None:
    """Where a bucket hands a file out; None of a folder, out of which this site does."""
    if local_folder() is not None:
        return None
    return root().url(path) if is_release_path(path) else None
