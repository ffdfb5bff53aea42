"""Making a key known to a platform, and the platform's key known here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from joulemark import identity as identities
from joulemark import passphrases
from joulemark.errors import PlatformKeyChanged, UsageError
from joulemark.platform_client import PlatformClient
from joulemark.record.codec import decode, encode
from joulemark.record.envelope import Envelope, seal
from joulemark.record.errors import RecordError
from joulemark.record.messages import ENROLMENT_TYPE, Enrolled, Enrolment
from joulemark.session.statement import new_nonce

if TYPE_CHECKING:
    from joulemark.config import Config
    from joulemark.identity import Identity


def enrol(config: Config, *, name: str | None, locked: bool = False) -> tuple[Identity, Enrolled]:
    """Make the key if there is none, send the self-signed enrolment, keep the answer.

    A key that is made now is `locked` with a passphrase or not. Raises UsageError (name), PlatformKeyChanged, Refused
    or Unreachable.
    """
    check_name(name)
    made_before = identities.load(config.folders)
    identity = made_before or identities.load_or_create(
        config.folders, passphrase=passphrases.new() if locked else None
    )

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
        shown = client.platform_key()
        identities.check_platform_key(config.folders, config.origin, shown)
        enrolled = client.enrol(make)
    if enrolled.key_id != identity.key_id or enrolled.platform != shown:
        raise PlatformKeyChanged(
            f"{config.origin} answered the enrolment for another key than it was sent or showed. "
            "Nothing was kept."
        )
    identities.store_enrolment(config.folders, config.origin, enrolled)
    return identity, enrolled


def check_name(name: str | None) -> None:
    """The record's own rule for names, asked before anything is said or sent. Raises UsageError."""
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
        raise UsageError("A name has 1 to 60 characters, each of which can be seen.") from error
