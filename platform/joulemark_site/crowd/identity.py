"""By what a simulated contributor is recognised: how its name begins, and its keys, which follow from its crowd."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX = "simulated-"
"""What the display name of every simulated contributor begins with."""


def key_of(crowd: str, number: int, place: int) -> Ed25519PrivateKey:
    """The key at `place` of the member with this number of the crowd with this name.

    Anyone can have it too, which is why the crowd lives on loopback alone.
    """
    parts = ("simulated crowd", crowd, number, place)
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(repr(parts).encode()).digest())
