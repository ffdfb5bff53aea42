"""Private keys of this platform in files of mode 0600, each made once."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from joulemark.record import keys

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@lru_cache
def load_or_make(path: Path, *, may_make: Callable[[], None] | None = None) -> Ed25519PrivateKey:
    """The key in `path`; made when the file does not exist yet, unless `may_make` raises.

    Raises Malformed (JM-KEY-FILE) or OSError.
    """
    if not path.exists():
        if may_make is not None:
            may_make()
        _create(path)
    return keys.from_pem(path.read_bytes())


def _create(path: Path) -> None:
    """Write a new key beside `path` and link it into place: of two processes that start at once, one wins for both."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(keys.to_pem(keys.generate()))
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
