"""Signatures of messages as Standard Webhooks has them (standardwebhooks.com, specification 1.0): HMAC-SHA256, `v1`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "whsec_"
"""What a secret begins with; the rest is base64."""
SECRET_BYTES = 32
LEAST_SECRET_BYTES, MOST_SECRET_BYTES = 24, 64


class BadSecret(ValueError):
    """A text is no secret of a webhook."""


def make_secret() -> str:
    """A new secret, out of the system's random source."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the signature of a message in base64. `timestamp` is in seconds since 1970. Raises BadSecret."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key_of(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(secret_texts: Sequence[str], *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message, with a signature by each secret. Raises BadSecret."""
    signatures = (
        signature(secret, message_id=message_id, timestamp=timestamp, body=body) for secret in secret_texts
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSecret("The secret is not base64.") from error
    if not secret.startswith(PREFIX) or not LEAST_SECRET_BYTES <= len(key) <= MOST_SECRET_BYTES:
        raise BadSecret(
            f"A secret is {PREFIX} and {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes in base64."
        )
    return key
