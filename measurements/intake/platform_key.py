"""The key under which this platform signs receipts.

`manage.py prepare` makes it once, in a file of mode 0600, and never again: agents store the public half when they
enrol, and a receipt by another key looks to them like another platform. So a key that is missing, damaged, or not the
one that signed the last receipt is a fault that the operator must mend, and nothing is signed until then.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from joulemark.record import keys
from joulemark.record.codec import decode
from joulemark.record.envelope import Envelope
from joulemark.record.errors import RecordError
from joulemark.record.messages import PlatformKey, Receipt
from measurements.contributors.models import Key
from measurements.intake.models import Submission
from measurements.ledger import key_file
from measurements.ledger.errors import KeyLost
from measurements.ledger.log_key import fitting_key, require_log_key
from measurements.ledger.models import Checkpoint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

RESTORE = (
    "Restore the file that JOULEMARK_PLATFORM_KEY_FILE names from a backup; docs/operations.md says what to do without "
    "one."
)


class KeyUnusable(Exception):
    """A key of the platform is missing, damaged or not the one it signed with: `str(error)` tells its operator why."""


def signing_key() -> Ed25519PrivateKey:
    """The private key of settings.PLATFORM_KEY_FILE. Raises KeyUnusable."""
    return _checked(Path(settings.PLATFORM_KEY_FILE))


def make_signing_key() -> Ed25519PrivateKey:
    """As `signing_key`, for `prepare`: makes the key of a platform that has not used one yet. Raises KeyUnusable."""
    path = Path(settings.PLATFORM_KEY_FILE)
    if not path.exists():
        if Key.objects.exists() or Submission.objects.exists():
            raise KeyUnusable(
                f"The key that signs receipts is lost: {path} does not exist, but contributors have enrolled under it. "
                f"No new key is made in its place. {RESTORE}"
            )
        try:
            key_file.make(path)
        except OSError as error:
            raise KeyUnusable(f"{path}, the key that signs receipts, cannot be written: {error}.") from error
    return signing_key()


def announced() -> PlatformKey:
    """The public half, with the origin that it speaks for, and the key that signs the log's checkpoints.

    Raises KeyUnusable.
    """
    public = keys.public_hex(signing_key())
    try:
        log_key = fitting_key().encode()
    except (KeyLost, OSError, RecordError) as error:
        raise KeyUnusable(f"The key that signs checkpoints cannot be used. {error}") from error
    return PlatformKey(origin=settings.ORIGIN, key_id=keys.key_id(public), public_key=public, log_key=log_key)


def require_keys_that_signed() -> None:
    """Read both keys anew and compare them with what they signed last; nothing is made. Raises KeyUnusable.

    A log that has signed nothing may have no key yet.
    """
    _usable(Path(settings.PLATFORM_KEY_FILE))
    last = Checkpoint.objects.last()
    if last is None and not (settings.LOG_KEY or Path(settings.LOG_KEY_FILE).exists()):
        return
    try:
        require_log_key(last)
    except (KeyLost, OSError, RecordError, ValueError) as error:
        raise KeyUnusable(f"The key that signs checkpoints cannot be used. {error}") from error


@lru_cache
def _checked(path: Path) -> Ed25519PrivateKey:
    """The key in `path`, compared once in each process with the last receipt."""
    return _usable(path)


def _usable(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        raise KeyUnusable(
            f"The key that signs receipts is missing: {path} does not exist. On a new platform `manage.py prepare` "
            f"makes it. {RESTORE}"
        )
    try:
        key = key_file.load(path)
    except (OSError, RecordError, ValueError) as error:
        raise KeyUnusable(f"{path} holds no usable Ed25519 key. {RESTORE} ({error})") from error
    signed_last = _key_of_last_receipt()
    if signed_last is not None and signed_last != keys.public_hex(key):
        raise KeyUnusable(
            f"{path} is not the key of this platform: the last receipt was signed by {signed_last[:16]}…, this is "
            f"{keys.public_hex(key)[:16]}…. {RESTORE}"
        )
    return key


def _key_of_last_receipt() -> str | None:
    """The public key in the receipt of the result that was stored last; None where there is none that can be read.

    A receipt that cannot be read is a fault of the database, which `manage.py check_log` names.
    """
    receipt = Submission.objects.order_by("-leaf_id").values_list("receipt", flat=True).first()
    if receipt is None:
        return None
    try:
        envelope = decode(bytes(receipt), Envelope, what="receipt")
        return decode(envelope.payload, Receipt, what="receipt").public_key
    except RecordError:
        return None
