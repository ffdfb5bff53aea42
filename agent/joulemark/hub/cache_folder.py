"""The folder of the hub's cache: whether it can be written and has room."""

from __future__ import annotations

import shutil
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from joulemark import durable
from joulemark.errors import DiskFull
from joulemark.hub.fetch_errors import of_disk
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from pathlib import Path


def require_cache(cache: Path) -> None:
    """Raises StorageError or DiskFull unless the folder is there, or can be made, and can be written."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=cache):
            return
    except OSError as error:
        raise of_disk(error, cache) from error


def require_space(cache: Path, size_bytes: int) -> None:
    """Raises DiskFull unless so much fits beside a small reserve."""
    folder = next(path for path in (cache, *cache.parents) if path.exists())
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < size_bytes + durable.RESERVE_BYTES:
        raise DiskFull(
            _(
                "{size} must be fetched, but {folder} has only {free} free. Free some space, or "
                "point HF_HOME to a larger disk."
            ).format(size=in_words(size_bytes), folder=folder, free=in_words(free_bytes))
        )


def in_words(size_bytes: int) -> str:
    """Bytes in kB, MB or GB, by powers of ten."""
    for unit, number in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= number:
            return f"{size_bytes / number:.1f} {unit}"
    return f"{size_bytes / 1e3:.1f} kB"
