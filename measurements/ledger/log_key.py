"""The key that signs checkpoints: from the environment or a file, never from the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from joulemark.log import checkpoints, notes
from joulemark.record import keys
from measurements.ledger.key_file import load_or_make

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def log_name() -> str:
    """What the log calls itself: the origin of its checkpoints and the name of its key."""
    return checkpoints.log_name(settings.ORIGIN)


def log_key() -> Ed25519PrivateKey:
    """The private key: settings.LOG_KEY (PEM), else the file settings.LOG_KEY_FILE, made when it does not exist yet."""
    if settings.LOG_KEY:
        return keys.from_pem(settings.LOG_KEY.encode())
    return load_or_make(Path(settings.LOG_KEY_FILE))


def verifier_key() -> notes.VerifierKey:
    """The public half, under the log's name."""
    return notes.verifier_key(log_key(), name=log_name())
