"""The key that signs checkpoints: from the environment or a file, never from the database."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from joulemark.log import checkpoints, notes
from joulemark.record import keys
from joulemark.record.errors import RecordError
from measurements.ledger import key_file, tile_store
from measurements.ledger.errors import KeyLost
from measurements.ledger.models import Checkpoint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

WAY_ON = (
    "Restore the file that JOULEMARK_LOG_KEY_FILE names (or JOULEMARK_LOG_KEY) from a backup. If the key was changed "
    "on purpose, name the old public key in JOULEMARK_LOG_FORMER_KEYS, as docs/operations.md tells under rotating."
)


def log_name() -> str:
    """What the log calls itself: the origin of its checkpoints and the name of its key."""
    return checkpoints.log_name(settings.ORIGIN)


def log_key() -> Ed25519PrivateKey:
    """The private key: settings.LOG_KEY (PEM), else the file settings.LOG_KEY_FILE. Raises KeyLost."""
    if settings.LOG_KEY:
        return keys.from_pem(settings.LOG_KEY.encode())
    path = Path(settings.LOG_KEY_FILE)
    if not path.exists():
        _require_none_lost()
        raise KeyLost(
            f"The log's key is missing: {path} does not exist. On a new platform `manage.py prepare` makes it. {WAY_ON}"
        )
    return key_file.load_once(path)


def make_log_key() -> Ed25519PrivateKey:
    """As `log_key`, for `prepare`: makes the file where nothing was signed by an unknown key. Raises KeyLost."""
    path = Path(settings.LOG_KEY_FILE)
    if not settings.LOG_KEY and not path.exists():
        _require_none_lost()
        key_file.make(path)
    return log_key()


def fitting_key() -> notes.VerifierKey:
    """The public half, once it or a former key is shown to have signed the last checkpoint. Raises KeyLost.

    Asked once in each process for each key.
    """
    key = verifier_key()
    if (key, *settings.LOG_FORMER_KEYS) not in _fitting:
        last = Checkpoint.objects.last()
        try:
            if last is not None:
                opened(last.note)
        except RecordError as error:
            raise KeyLost(
                f"The log's key is not the one that signed the last checkpoint, and JOULEMARK_LOG_FORMER_KEYS does not "
                f"name that one. {WAY_ON}"
            ) from error
        if last is not None:
            _fitting.add((key, *settings.LOG_FORMER_KEYS))
    return key


_fitting: set[tuple[notes.VerifierKey, ...]] = set()
"""Keys, with the former ones, that were found to fit."""


def verifier_key() -> notes.VerifierKey:
    """The public half, under the log's name. Raises KeyLost."""
    return notes.verifier_key(log_key(), name=log_name())


def opened(note: str) -> checkpoints.Checkpoint:
    """The checkpoint in a note of the log's key, or of one that it had before. Raises RecordError or KeyLost."""
    return _by_former(note) or checkpoints.open_checkpoint(note, key=verifier_key(), origin=log_name())


def require_log_key(last: Checkpoint | None) -> None:
    """Read the key anew and compare it with the last checkpoint's signer; nothing is made.

    Raises KeyLost, RecordError or OSError.
    """
    if not settings.LOG_KEY and not Path(settings.LOG_KEY_FILE).exists():
        raise KeyLost(f"The file that JOULEMARK_LOG_KEY_FILE names does not exist. {WAY_ON}")
    key = (
        keys.from_pem(settings.LOG_KEY.encode())
        if settings.LOG_KEY
        else key_file.load(Path(settings.LOG_KEY_FILE))
    )
    if last is None or _by_former(last.note):
        return
    checkpoints.open_checkpoint(last.note, key=notes.verifier_key(key, name=log_name()), origin=log_name())


def _by_former(note: str) -> checkpoints.Checkpoint | None:
    for key in settings.LOG_FORMER_KEYS:
        with contextlib.suppress(RecordError):
            return checkpoints.open_checkpoint(note, key=key, origin=log_name())
    return None


def _published_note(last: Checkpoint | None) -> str | None:
    """What is published; a file that is no note at all tells nothing where the database knows what was signed."""
    try:
        data = tile_store.published_bytes()
    except OSError:
        return None
    if data is None:
        return None
    note = data.decode(errors="replace")
    try:
        notes.claimed_text(note)
    except RecordError:
        return None if last else note
    return note


def _require_none_lost() -> None:
    """What was signed last was signed by former keys, if anything was. Raises KeyLost."""
    last = Checkpoint.objects.last()
    signed = [note for note in (last and last.note, _published_note(last)) if note]
    if all(_by_former(note) for note in signed):
        return
    path = Path(settings.LOG_KEY_FILE)
    if path.exists():
        return  # another process has made it since, and signed
    raise KeyLost(
        f"The log's key is lost: {path} does not exist, but checkpoints were signed, by no key of "
        f"JOULEMARK_LOG_FORMER_KEYS. No new key is made in its place. {WAY_ON}"
    )
