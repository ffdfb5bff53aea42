"""A large file of the hub, fetched into a part that stays where the connection breaks off, and goes on from there.

huggingface_hub goes on within one call and deletes its part when it gives up: a hub that is away for a minute would
cost the hours before it. A part lies among the repository's blobs, which the cache's own tools leave alone, under the
SHA-256 that the file must have; once it has it, it becomes the blob itself, and the library finds it there.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from filelock import FileLock

from joulemark.suite.hub_files import repository_folder
from joulemark.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from joulemark.hub.client import HubClient, RepositoryEntry
    from joulemark.hub.missing import FetchTarget

SUFFIX = ".joulemark-part"


class OtherBytes(Exception):
    """The file came whole and is not the one that was pinned: `sha256` is what came. The part is deleted."""

    def __init__(self, sha256: str) -> None:
        super().__init__(sha256)
        self.sha256 = sha256


def part_of(target: FetchTarget, sha256: str) -> Path:
    """Where the bytes of a file are gathered."""
    return blob_of(target, sha256).with_name(f"{sha256}{SUFFIX}")


def blob_of(target: FetchTarget, sha256: str) -> Path:
    """Where the cache keeps a file with this digest."""
    return target.cache / repository_folder(target.kind, target.hub_id) / "blobs" / sha256


def lock_of(cache: Path, part: Path) -> Path:
    """The lock that a download of this part holds, where the library has its own."""
    return cache / ".locks" / part.parents[1].name / f"{part.name}.lock"


def size_of(path: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def fetch_blob(
    client: HubClient,
    target: FetchTarget,
    file: RepositoryEntry,
    sha256: str,
    *,
    begin: Callable[[int], None],
    received: Callable[[int], None],
) -> None:
    """Fetch `file`, whose digest is to be `sha256`, into the cache's blobs; nothing where it is there.

    `begin` is told at each attempt how many bytes are here already, `received` how many more have come. Raises
    OtherBytes, NotGiven, Unreachable or OSError.
    """
    blob, part = blob_of(target, sha256), part_of(target, sha256)
    lock = lock_of(target.cache, part)
    for folder in (part.parent, lock.parent):
        folder.mkdir(parents=True, exist_ok=True)
    waiting = Waiting(client.origin)

    def add_to_part() -> None:
        before_bytes = size_of(part)
        if blob.exists() or before_bytes == file.size:
            return
        begin(before_bytes)
        try:
            client.add_to_part(target.kind, target.hub_id, target.revision, file, part, received)
        finally:
            if size_of(part) > before_bytes:
                waiting.answered()

    with FileLock(lock):
        waiting.call(add_to_part)
        if blob.exists():
            return
        with part.open("rb") as content:
            actual_sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        if actual_sha256 != sha256:
            part.unlink()
            raise OtherBytes(actual_sha256)
        part.replace(blob)
