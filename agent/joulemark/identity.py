"""The agent's identity: its key, its enrolments at platforms, and the pseudonyms of devices."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from joulemark import durable, passphrases
from joulemark.errors import NotEnrolled, PlatformKeyChanged, StorageError, UsageError
from joulemark.record import keys
from joulemark.record.codec import decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.messages import Enrolled, PlatformKey
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from joulemark.config import Folders

MACHINE_ID = Path("/etc/machine-id")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A private key, its public key and its id."""

    key: Ed25519PrivateKey
    public_key: str
    key_id: str


def load(folders: Folders) -> Identity | None:
    """The stored key, or None when none was made yet.

    Raises UsageError when it is damaged or open to others.
    """
    try:
        mode = folders.key.stat().st_mode
        pem = folders.key.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(
            _("The key {key} cannot be read: {why}.").format(key=folders.key, why=error.strerror)
        ) from error
    if mode & 0o077:
        raise UsageError(
            _("Other users can read the key {key}. Restrict access: chmod 600 {key}").format(key=folders.key)
        )
    return _opened(
        folders.key,
        pem,
        passphrase=passphrases.known_for(folders.key, pem),
        anew=_("move {path} away and enrol a new key.").format(path=folders.key),
    )


def is_locked(folders: Folders) -> bool:
    """Whether the stored key needs a passphrase. Raises UsageError when there is none or it cannot be read."""
    try:
        return keys.is_locked(folders.key.read_bytes())
    except OSError as error:
        raise UsageError(
            _("The key {key} cannot be read: {why}. Restore it from a copy, or enrol again.").format(
                key=folders.key, why=error.strerror
            )
        ) from error


def load_or_create(folders: Folders, *, passphrase: str | None = None) -> Identity:
    """The stored key; made now, with mode 0600, when there is none. Never replaces a key.

    `passphrase` locks a key that is made now.
    """
    identity = load(folders)
    if identity is not None:
        return identity
    with suppress(FileExistsError):  # another process made it first: its key is the key
        durable.write(
            folders.key, keys.to_pem(keys.generate(), passphrase=passphrase), mode=0o600, replace=False
        )
    passphrases.remember(folders.key, passphrase)
    identity = load(folders)
    if identity is None:
        raise StorageError(
            _("The key {key} was written but no longer exists; check the folder.").format(key=folders.key)
        )
    return identity


def next_key(folders: Folders, *, passphrase: str | None = None) -> Identity:
    """The key that shall take over, made now when there is none: kept before any platform hears of it.

    One that is made now is locked as the old one is, or with `passphrase` where the old one is not. Raises UsageError
    when the one that is there is damaged or does not open.
    """
    if not folders.next_key.exists():
        locked_with = passphrases.known_for(folders.key, folders.key.read_bytes()) or passphrase
        pem = keys.to_pem(keys.generate(), passphrase=locked_with)
        with suppress(FileExistsError):
            durable.write(folders.next_key, pem, mode=0o600, replace=False)
        passphrases.remember(folders.key, passphrase)
    pem = folders.next_key.read_bytes()
    return _opened(
        folders.next_key,
        pem,
        passphrase=passphrases.known_for(folders.key, pem),
        anew=_("move {path} away and run `joulemark rotate` again.").format(path=folders.next_key),
    )


def take_over(folders: Folders, *, old: Identity) -> None:
    """Make the next key the key; the old one stays beside it under its id."""
    durable.write(folders.config / f"key-{old.key_id[:16]}.pem", folders.key.read_bytes(), mode=0o600)
    durable.move(folders.next_key, folders.key)


def _opened(path: Path, pem: bytes, *, passphrase: str | None, anew: str) -> Identity:
    """The identity in a key file. `anew` is what to do once it is given up. Raises UsageError."""
    try:
        key = keys.from_pem(pem, passphrase=passphrase)
    except RecordError as error:
        if error.code == "JM-KEY-PASSPHRASE":
            raise UsageError(
                _("{error} Set {variable} or enter it at the prompt. If it is lost: {anew}").format(
                    error=error, variable=passphrases.VARIABLE, anew=anew
                )
            ) from error
        raise UsageError(
            _(
                "The key file {path} is damaged: it contains no Ed25519 private key in PEM. Restore "
                "it from a copy, or else: {anew}"
            ).format(path=path, anew=anew)
        ) from error
    public_key = keys.public_hex(key)
    return Identity(key=key, public_key=public_key, key_id=keys.key_id(public_key))


def enrolment(folders: Folders, origin: str) -> Enrolled | None:
    """The stored enrolment at the platform at `origin`, or None.

    Raises UsageError when damaged.
    """
    return _read_enrolment(_enrolment_file(folders, origin))


def _read_enrolment(path: Path) -> Enrolled | None:
    try:
        return decode(path.read_bytes(), Enrolled, what="stored enrolment")
    except FileNotFoundError:
        return None
    except (OSError, RecordError) as error:
        raise UsageError(
            _("{path} cannot be read: {error} Remove it and run `joulemark enrol` again.").format(
                path=path, error=error
            )
        ) from error


def require_enrolment(folders: Folders, origin: str, identity: Identity | None) -> Enrolled:
    """The enrolment of the current key. Raises NotEnrolled."""
    enrolled = require_known(folders, origin)
    if identity is None or enrolled.key_id != identity.key_id:
        raise _not_enrolled(origin)
    return enrolled


def require_known(folders: Folders, origin: str) -> Enrolled:
    """The stored enrolment, whichever key it is of: enough to read with, without any key. Raises NotEnrolled."""
    enrolled = enrolment(folders, origin)
    if enrolled is None:
        raise _not_enrolled(origin)
    return enrolled


def _not_enrolled(origin: str) -> NotEnrolled:
    return NotEnrolled(
        _(
            "No key of this agent is enrolled at {origin}. Run `joulemark join {origin}` first, or measure with "
            "`--offline`."
        ).format(origin=origin)
    )


def enrolled_at(folders: Folders, key_id: str) -> list[str]:
    """The origins of all platforms at which a key is enrolled, sorted. Raises UsageError for a damaged file."""
    stored = (_read_enrolment(path) for path in folders.platforms.glob("*.json"))
    return sorted(
        enrolled.platform.origin for enrolled in stored if enrolled is not None and enrolled.key_id == key_id
    )


def store_enrolment(folders: Folders, origin: str, enrolled: Enrolled) -> None:
    """Store an enrolment, the platform's key included. Raises PlatformKeyChanged."""
    check_platform_key(folders, origin, enrolled.platform)
    durable.write(_enrolment_file(folders, origin), encode(enrolled) + b"\n", mode=0o600)


def check_platform_key(folders: Folders, origin: str, platform_key: PlatformKey) -> None:
    """Trust on first use: a platform's key may be new, but it may not change. Raises PlatformKeyChanged."""
    if keys.key_id(platform_key.public_key) != platform_key.key_id:
        raise PlatformKeyChanged(
            _("{origin} shows a key whose id does not match its digest; do not trust its answers.").format(
                origin=origin
            )
        )
    if platform_key.origin != origin:
        raise PlatformKeyChanged(
            _(
                "The platform at {origin} calls itself {shown}. If this is the platform you want, "
                "set JOULEMARK_PLATFORM={shown}."
            ).format(origin=origin, shown=platform_key.origin)
        )
    enrolled = enrolment(folders, origin)
    if enrolled is not None and enrolled.platform.public_key != platform_key.public_key:
        raise PlatformKeyChanged(
            _(
                "The key of {origin} has changed since you enrolled ({shown}, before {known}). "
                "Nothing was sent. Ask its operator over another channel; if the change is genuine, "
                "remove {file} and enrol again."
            ).format(
                origin=origin,
                shown=platform_key.key_id[:16],
                known=enrolled.platform.key_id[:16],
                file=_enrolment_file(folders, origin),
            )
        )
    if enrolled is not None and enrolled.platform.log_key not in {UNSET, platform_key.log_key}:
        raise PlatformKeyChanged(
            _(
                "The log key of {origin} has changed ({shown}, before {known}): you may be shown a "
                "different log than others. Ask its operator over another channel; if the change is "
                "genuine, remove {file} and enrol again."
            ).format(
                origin=origin,
                shown=platform_key.log_key or _("none"),
                known=enrolled.platform.log_key,
                file=_enrolment_file(folders, origin),
            )
        )


def learn_log_key(folders: Folders, origin: str, platform_key: PlatformKey) -> Enrolled | None:
    """Store the log key that the platform presents, where none was stored yet (first use); returns the enrolment.

    Raises PlatformKeyChanged.
    """
    check_platform_key(folders, origin, platform_key)
    enrolled = enrolment(folders, origin)
    if enrolled is not None and enrolled.platform.log_key is UNSET and platform_key.log_key is not UNSET:
        enrolled = replace(enrolled, platform=platform_key)
        store_enrolment(folders, origin, enrolled)
    return enrolled


def _enrolment_file(folders: Folders, origin: str) -> Path:
    return folders.platforms / (re.sub(r"[^a-z0-9.]+", "-", origin) + ".json")


def device_tag(device_identity: str, origin: str) -> str:
    """Pseudonym of a device at one platform: HMAC-SHA256 over the origin, keyed by the device's identity."""
    return hmac.new(device_identity.encode(), origin.encode(), hashlib.sha256).hexdigest()


def machine_identity(folders: Folders, machine_id: Path = MACHINE_ID) -> str:
    """What tells this machine from others, never sent: its machine-id, else a random id that is kept."""
    own_file = folders.state / "machine-id"
    for path in (machine_id, own_file):
        try:
            text = path.read_text(encoding="ascii").strip()
        except (FileNotFoundError, PermissionError):
            continue
        except (OSError, ValueError) as error:
            raise StorageError(_("{path} cannot be read: {error}.").format(path=path, error=error)) from error
        if re.fullmatch(r"[0-9a-f]{32}", text):
            return text
    random_id = secrets.token_hex(16)
    durable.write(own_file, random_id.encode() + b"\n", mode=0o600)
    return random_id
