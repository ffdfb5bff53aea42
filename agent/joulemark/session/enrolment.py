"""Making a key known to a platform, and the platform's key known here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from joulemark import identity as identities
from joulemark import passphrases
from joulemark.errors import PlatformKeyChanged, Refused, UsageError
from joulemark.platform_client import PlatformClient
from joulemark.record.codec import decode, encode
from joulemark.record.display_name import fault_of_name
from joulemark.record.envelope import Envelope, seal
from joulemark.record.errors import RecordError
from joulemark.record.messages import ENROLMENT_TYPE, Enrolled, Enrolment
from joulemark.session.statement import new_nonce
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.config import Config, Folders
    from joulemark.identity import Identity


def own_key(folders: Folders, *, locked: bool = False) -> Identity:
    """The key, made now when there is none. `locked`: it must have a passphrase; a new one gets it.

    Raises UsageError, also when the key is there and has none: it is neither replaced nor locked in silence.
    """
    identity = identities.load(folders)
    if identity is None:
        return identities.load_or_create(folders, passphrase=passphrases.new() if locked else None)
    if locked and not identities.is_locked(folders):
        raise UsageError(
            _(
                "The key {key} exists and has no passphrase; nothing was changed. Replace it with a "
                "protected key where it is enrolled: `joulemark rotate --passphrase`. Or move it "
                "away and enrol again."
            ).format(key=folders.key)
        )
    return identity


def enrol(config: Config, *, identity: Identity, name: str | None) -> Enrolled:
    """Send the self-signed enrolment of a key, keep the answer.

    Raises UsageError (name), PlatformKeyChanged, Refused or Unreachable.
    """
    check_name(name)

    def make() -> Envelope:
        message = Enrolment(
            audience=config.origin,
            issued_at=datetime.now(UTC),
            nonce=new_nonce(),
            public_key=identity.public_key,
            display_name=name,
        )
        return seal(encode(message), payload_type=ENROLMENT_TYPE, key=identity.key)

    with PlatformClient(config.origin) as client:
        platform_key = client.platform_key()
        identities.check_platform_key(config.folders, config.origin, platform_key)
        try:
            enrolled = client.enrol(make)
        except Refused as refused:
            if refused.code != "JM-KEY-REVOKED":
                raise
            words = _what_a_revoked_key_may(config)
            raise Refused(refused.code, words, status=refused.status, words=words) from refused
    if enrolled.key_id != identity.key_id or enrolled.platform != platform_key:
        raise PlatformKeyChanged(
            _(
                "{origin} answered the enrolment with another key than the one that was sent or "
                "shown. Nothing was stored. Ask the platform's operator."
            ).format(origin=config.origin)
        )
    identities.store_enrolment(config.folders, config.origin, enrolled)
    return enrolled


def _what_a_revoked_key_may(config: Config) -> str:
    return _(
        "This key was revoked at {origin}, which no longer accepts its results. It can still sign "
        "appeals: file them first (`joulemark appeal`). Then move {key} away and run `joulemark "
        "enrol` again, which creates a new key."
    ).format(origin=config.origin, key=config.folders.key)


def check_name(name: str | None) -> None:
    """The rules for names that every platform applies, before anything is printed or sent. Raises UsageError."""
    try:
        probe = Enrolment(
            audience="here",
            issued_at=datetime.now(UTC),
            nonce="0" * 32,
            public_key="0" * 64,
            display_name=name,
        )
        decode(encode(probe), Enrolment, what="name")
    except (ValueError, RecordError) as error:
        raise UsageError(_("A name must have 1 to 60 visible characters.")) from error
    if name is not None and (fault := fault_of_name(name)):
        raise UsageError(fault)
