"""The key under which this platform signs receipts: made once, kept in a file of mode 0600."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from joulemark.record import keys
from joulemark.record.messages import PlatformKey
from measurements.ledger.key_file import load_or_make
from measurements.ledger.log_key import verifier_key


def signing_key() -> Ed25519PrivateKey:
    """The private key of settings.PLATFORM_KEY_FILE; made when the file does not exist yet."""
    return load_or_make(Path(settings.PLATFORM_KEY_FILE))


def announced() -> PlatformKey:
    """The public half, with the origin that it speaks for, and the key that signs the log's checkpoints."""
    public = keys.public_hex(signing_key())
    return PlatformKey(
        origin=settings.ORIGIN,
        key_id=keys.key_id(public),
        public_key=public,
        log_key=verifier_key().encode(),
    )
