"""The log's files: settings.LOG_DIR holds just what is served under /log/, so a proxy may serve it as it stands."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings

from joulemark.atomic_file import write_file
from joulemark.log.merkle import HASH_BYTES
from joulemark.log.tiles import TILE_HEIGHT, TILE_WIDTH, EntryBundle, Tile

CHECKPOINT = "checkpoint"
FOLDER_MODE, FILE_MODE = 0o755, 0o644  # everything here is public
WRITER_THREADS = 8
"""Files that are synced together: the disk then commits once for all of them."""
DAMAGED = ".damaged-checkpoint"
"""Where the sequencer keeps what it found in the place of a checkpoint, for whoever looks for the cause."""


def place(path: str) -> Path:
    """Where the file with this address below /log/ lies."""
    return Path(settings.LOG_DIR) / path


def read_tile(tile: Tile) -> bytes:
    """The hashes of a tile; a partial one is cut out of the full one where that is all there is.

    Raises FileNotFoundError for a tile that was not written, or is lost.
    """
    try:
        return place(tile.path).read_bytes()
    except FileNotFoundError:
        full = place(Tile(tile.level, tile.index, TILE_WIDTH).path).read_bytes()
        return full[: tile.width * HASH_BYTES]


def write(files: Iterable[tuple[str, bytes]]) -> None:
    """Write files so that each is seen whole or not at all; their bytes are on disk when this returns.

    All wait for the disk together. A name that a power cut takes back is a lost file, and is made again.
    """
    with ThreadPoolExecutor(WRITER_THREADS) as pool:
        for done in [pool.submit(_write, place(path), data) for path, data in files]:
            done.result()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    write_file(path, data, mode=FILE_MODE, ignores_umask=True, syncs_name=False)


def published_bytes() -> bytes | None:
    """The checkpoint's file as the world sees it; None before the first, or when the folder is lost. Raises OSError."""
    path = place(CHECKPOINT)
    if path.exists() and not path.is_file():  # reading a pipe would wait for ever
        raise OSError(errno.EINVAL, "is no file", str(path))
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def set_damaged_aside() -> None:
    """Keep what lies in the place of the checkpoint beside it; what is no file is moved away. Raises OSError."""
    path = place(CHECKPOINT)
    names = (DAMAGED if number == 0 else f"{DAMAGED}-{number}" for number in itertools.count())
    if path.is_file():
        write([(next(name for name in names if not place(name).is_dir()), path.read_bytes())])
    else:
        path.rename(next(place(name) for name in names if not os.path.lexists(place(name))))


def is_longer_than(size: int) -> bool:
    """Whether hashes of more than `size` leaves were ever written here: tiles are written before they are signed."""
    index, width = divmod(size, TILE_WIDTH)
    if place(Tile(0, index, TILE_WIDTH).path).exists():
        return True
    partial = place(Tile(0, index, 1).path).parent
    return any(file.name.isdecimal() and int(file.name) > width for file in partial.glob("*"))


def drop_partial(old_size: int, size: int) -> None:
    """Remove the partial tiles that a log of `old_size` ended in and that are full in one of `size`."""
    for level in range(8):
        index, width = divmod(old_size >> (TILE_HEIGHT * level), TILE_WIDTH)
        if not width or (index + 1) << (TILE_HEIGHT * (level + 1)) > size:
            continue
        _drop(place(Tile(level, index, width).path).parent)
        if level == 0:
            _drop(place(EntryBundle(index, width).path).parent)


def _drop(folder: Path) -> None:
    for file in folder.glob("*"):
        file.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        folder.rmdir()
