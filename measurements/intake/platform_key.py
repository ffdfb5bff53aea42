"""The key under which this platform signs receipts: made once, kept in a file of mode 0600."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from joulemark.record import keys
from joulemark.record.messages import PlatformKey


def signing_key() -> Ed25519PrivateKey:
    """The private key of settings.PLATFORM_KEY_FILE; made when the file does not exist yet."""
    return _load(Path(settings.PLATFORM_KEY_FILE))


def announced() -> PlatformKey:
    """The public half, with the origin that it speaks for."""
    public = keys.public_hex(signing_key())
    return PlatformKey(origin=settings.ORIGIN, key_id=keys.key_id(public), public_key=public)


@lru_cache
def _load(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
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
