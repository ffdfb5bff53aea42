"""Parts of large files whose download was broken off, in the caches of the hub.

A part that a download holds right now is locked, as `part_download` locks it, and is none of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from joulemark import durable
from joulemark.hub.part_download import SUFFIX, lock_of, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class InterruptedDownload:
    """The part at `path` of a file that is to have the digest `sha256`, with the bytes that have come."""

    cache: Path
    path: Path
    sha256: str
    size_bytes: int

    @property
    def folder(self) -> str:
        """The folder of its repository in the cache."""
        return self.path.parents[1].name

    @property
    def hub_id(self) -> str:
        """The repository's name on the hub."""
        return self.folder.partition("--")[2].replace("--", "/")


def interrupted_downloads(caches: Iterable[Path]) -> Iterator[InterruptedDownload]:
    """All parts in these caches that no download holds. Changes nothing."""
    for cache in caches:
        for path in sorted(cache.glob(f"*/blobs/*{SUFFIX}")):
            part = InterruptedDownload(
                cache=cache, path=path, sha256=path.name.removesuffix(SUFFIX), size_bytes=size_of(path)
            )
            if not _is_held(part):
                yield part


def remove_part(part: InterruptedDownload) -> bool:
    """Delete it; False where a download has taken it up meanwhile. Raises StorageError."""
    lock = lock_of(part.cache, part.path)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, blocking=False):
            part.path.unlink(missing_ok=True)
    except Timeout:
        return False
    except OSError as error:
        raise durable.translated(error, part.path) from error
    return True


def _is_held(part: InterruptedDownload) -> bool:
    lock = lock_of(part.cache, part.path)
    if not lock.exists():
        return False
    try:
        with FileLock(lock, blocking=False):
            return False
    except (Timeout, OSError):  # one that may not be opened is somebody else's
        return True
