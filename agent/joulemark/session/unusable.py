"""Readings that gave no result, kept for whoever wants to know why: nothing that was measured is thrown away."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from joulemark import durable
from joulemark.record.codec import encode
from joulemark.record.trace import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from joulemark.config import Folders
    from joulemark.record.trace import Trace


def keep(folders: Folders, trace: Trace) -> Path:
    """Write a trace, compressed as a bundle's, under the name of its digest; the file. Raises StorageError."""
    packed = zlib.compress(encode(trace))
    path = folders.unusable / f"{sha256(packed)[:32]}.trace.zlib"
    durable.write(path, packed)
    return path
