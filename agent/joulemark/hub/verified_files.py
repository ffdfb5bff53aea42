"""Files of a snapshot in the cache of the hub: checked against their digests, and deleted where they differ."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, TypeGuard

from joulemark.errors import NotVerified
from joulemark.hub.fetch_errors import of_disk
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from pathlib import Path

    from joulemark.hub.client import RepositoryEntry
    from joulemark.hub.missing import FetchTarget

_SHA256 = re.compile("[0-9a-f]{64}")


def verify_file(target: FetchTarget, file: RepositoryEntry, sha256: str | None) -> None:
    """Raises NotVerified, the file deleted, unless it has this digest."""
    if sha256 is None:
        return
    path = target.folder / file.path
    try:
        with path.open("rb") as content:
            actual_sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise of_disk(error, target.cache) from error
    if actual_sha256 != sha256:
        discard(path)
        raise wrong_digest(target, file, actual_sha256, sha256)


def wrong_digest(target: FetchTarget, file: RepositoryEntry, actual_sha256: str, sha256: str) -> NotVerified:
    """The error for a file that came with another digest than `sha256` and was deleted."""
    return NotVerified(
        _(
            "The file {path} of the {name} has the SHA-256 {found}…, not {sha256}…, and was deleted. "
            "If the next fetch gets the same, this hub has other bytes than the pinned ones."
        ).format(path=file.path, name=target.name, found=actual_sha256[:16], sha256=sha256[:16]),
        code="weights-digest" if target.kind == "models" else "broken-file",
    )


def is_sha256(text: str | None) -> TypeGuard[str]:
    """Whether it is 64 lower-case hex digits."""
    return text is not None and _SHA256.fullmatch(text) is not None


def sha256_in_name(path: Path) -> str | None:
    """The cache calls a large file's blob by the SHA-256 that the hub states."""
    name = os.path.basename(os.readlink(path)) if path.is_symlink() else ""  # noqa: PTH115, PTH119 - one hop only
    return name if is_sha256(name) else None


def discard_if_there(path: Path) -> None:
    """Delete a file of a snapshot, where there is one."""
    if path.is_symlink() or path.exists():
        discard(path)


def discard(path: Path) -> None:
    """Delete a file of a snapshot with all that its links lead to."""
    while True:
        onward = path.parent / path.readlink() if path.is_symlink() else None
        path.unlink(missing_ok=True)
        if onward is None:
            return
        path = onward
