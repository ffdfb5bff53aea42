"""Private keys of this platform in files of mode 0600, each made once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from joulemark.atomic_file import make_file_once
from joulemark.record import keys

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@lru_cache
def load_once(path: Path) -> Ed25519PrivateKey:
    """As `load`, read once in each process."""
    return load(path)


def make(path: Path) -> None:
    """Write a new key into `path`, where there is no file yet. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    make_file_once(path, keys.to_pem(keys.generate()), mode=0o600)


def load(path: Path) -> Ed25519PrivateKey:
    """The key in `path`. Raises Malformed (JM-KEY-FILE) or OSError."""
    return keys.from_pem(path.read_bytes())
