"""Ed25519 keys: made and stored by cryptography, used through securesystemslib's Signer and Key."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from joulemark.record.errors import Malformed
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey


def generate() -> Ed25519PrivateKey:
    """A new private key from the operating system's random source."""
    return Ed25519PrivateKey.generate()


def to_pem(key: Ed25519PrivateKey, *, passphrase: str | None = None) -> bytes:
    """PKCS#8 PEM, encrypted where there is a passphrase; whoever writes it to disk sets mode 0600."""
    locked = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


def is_locked(pem: bytes) -> bool:
    """Whether a PEM needs a passphrase (RFC 7468, section 11)."""
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in pem


def from_pem(pem: bytes, *, passphrase: str | None = None) -> Ed25519PrivateKey:
    """Read a private key. Raises Malformed (JM-KEY-FILE) when it is not an Ed25519 key in PEM.

    A wrong or missing passphrase is JM-KEY-PASSPHRASE.
    """
    if is_locked(pem) and not passphrase:
        raise Malformed("JM-KEY-PASSPHRASE", _("The key file is locked and no passphrase was given."))
    try:
        key = load_pem_private_key(
            pem, password=passphrase.encode() if passphrase and is_locked(pem) else None
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if is_locked(pem):
            raise Malformed("JM-KEY-PASSPHRASE", _("The passphrase does not open the key file.")) from error
        raise Malformed("JM-KEY-FILE", _("The key file is not a PEM private key.")) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Malformed(
            "JM-KEY-FILE", _("The key file holds a key of another kind; an Ed25519 key is needed.")
        )
    return key


def public_hex(key: Ed25519PrivateKey) -> str:
    """The raw 32-byte public key in hex."""
    return key.public_key().public_bytes_raw().hex()


def key_id(public_key_hex: str) -> str:
    """The id of a public key: SHA-256 over its 32 raw bytes, in hex."""
    return hashlib.sha256(bytes.fromhex(public_key_hex)).hexdigest()


def signer(key: Ed25519PrivateKey) -> CryptoSigner:
    """A securesystemslib signer for `key`, under our key id."""
    from securesystemslib.signer import CryptoSigner

    return CryptoSigner(key, verifying_key(public_hex(key)))


def verifying_key(public_key_hex: str) -> SSlibKey:
    """A securesystemslib key for verification, under our key id."""
    from securesystemslib.signer import SSlibKey

    return SSlibKey(key_id(public_key_hex), "ed25519", "ed25519", {"public": public_key_hex})
