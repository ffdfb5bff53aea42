"""What a contributor asks of a platform about keys and results: signed, sent, and what follows from it done here."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from joulemark import identity as identities
from joulemark import passphrases
from joulemark.errors import NotEnrolled, PlatformKeyChanged, UsageError
from joulemark.outbox import Outbox
from joulemark.platform_client import PlatformClient
from joulemark.record.codec import decode, encode
from joulemark.record.envelope import Envelope, seal
from joulemark.record.errors import RecordError
from joulemark.record.messages import ENROLMENT_TYPE, Enrolled, Enrolment, ResultStatus
from joulemark.record.requests import (
    APPEAL_TYPE,
    REVOCATION_TYPE,
    ROTATION_TYPE,
    WITHDRAWAL_TYPE,
    Appeal,
    Appealed,
    Revocation,
    RevocationReason,
    Revoked,
    Rotation,
    Withdrawal,
    WithdrawalReason,
)
from joulemark.session.delivery import unsent
from joulemark.session.statement import new_nonce
from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.config import Config, Folders
    from joulemark.identity import Identity
    from joulemark.outbox import OutboxResult
    from joulemark.record.codec import Record

T = TypeVar("T")


def rotate(config: Config, *, anyway: bool = False, locked: bool = False) -> tuple[Identity, Enrolled]:
    """Let a new key take over from the stored one, there and here. Raises AgentError.

    The new key is on the disk before it is sent, so that a crash at any point is mended by asking again. It is locked
    as the old one is, or where `locked` says so. Unless `anyway`, a rotation that loses something is refused.
    """
    old = _enrolled(config)
    if not anyway:
        _check_nothing_is_lost(config, old)
    new = _next_key(config.folders, locked=locked)

    def make() -> Envelope:
        now = datetime.now(UTC)
        enrolment = Enrolment(
            audience=config.origin,
            issued_at=now,
            nonce=new_nonce(),
            public_key=new.public_key,
            display_name=None,
        )
        request = Rotation(
            audience=config.origin,
            issued_at=now,
            nonce=new_nonce(),
            new_key=seal(encode(enrolment), payload_type=ENROLMENT_TYPE, key=new.key),
        )
        return seal(encode(request), payload_type=ROTATION_TYPE, key=old.key)

    with PlatformClient(config.origin) as client:
        identities.check_platform_key(config.folders, config.origin, client.platform_key())
        answer = client.ask("rotations", make, Enrolled)
    if answer.key_id != new.key_id:
        raise PlatformKeyChanged(
            _(
                "{origin} answered for another key than the one that was sent. Nothing was changed. Ask "
                "the platform's operator."
            ).format(origin=config.origin)
        )
    identities.take_over(config.folders, old=old)
    identities.store_enrolment(config.folders, config.origin, answer)
    return new, answer


def _check_nothing_is_lost(config: Config, old: Identity) -> None:
    """Raises UsageError when results wait that only the old key may send, or another platform knows only that one."""
    waiting = [result for result in unsent(Outbox(config.folders), config.origin) if _signed_by(result, old)]
    if waiting:
        raise UsageError(
            ngettext(
                "{count} result of this key was not sent to {origin} yet and may be refused once the "
                "key is replaced. Run `joulemark submit` first, or rotate anyway: `joulemark rotate "
                "--anyway`.",
                "{count} results of this key were not sent to {origin} yet and may be refused once "
                "the key is replaced. Run `joulemark submit` first, or rotate anyway: `joulemark "
                "rotate --anyway`.",
                len(waiting),
            ).format(count=len(waiting), origin=config.origin)
        )
    others = [
        origin for origin in identities.enrolled_at(config.folders, old.key_id) if origin != config.origin
    ]
    if others:
        raise UsageError(
            _(
                "This key is also enrolled at {others}, where the new one would be unknown: only "
                "{origin} learns of it. To rotate anyway and enrol the new key there as another "
                "contributor, run `joulemark rotate --anyway`."
            ).format(others=", ".join(others), origin=config.origin)
        )


def _signed_by(result: OutboxResult, identity: Identity) -> bool:
    return result.bundle.envelope.key_id == identity.key_id


def _next_key(folders: Folders, *, locked: bool) -> Identity:
    """The key that shall take over. Raises UsageError when it is there already, and not locked as it should be."""
    if not locked or identities.is_locked(folders):
        return identities.next_key(folders)
    if folders.next_key.exists():
        raise UsageError(
            _(
                "An earlier rotation was interrupted, and the platform may already know its key "
                "{next_key}. Complete it with `joulemark rotate`, then run `joulemark rotate "
                "--passphrase` again if that key has no passphrase."
            ).format(next_key=folders.next_key)
        )
    return identities.next_key(folders, passphrase=passphrases.new())


def revoke(
    config: Config, *, key_id: str | None, reason: RevocationReason, since: datetime | None
) -> Revoked:
    """Have a key believed no more: the stored one, or `key_id` of the same contributor. Raises AgentError."""
    identity = _enrolled(config)
    make = partial(Revocation, key_id=key_id or identity.key_id, reason=reason, since=since)
    return _ask(config, identity, "revocations", make, REVOCATION_TYPE, Revoked)


def withdraw(config: Config, *, result_id: str, reason: WithdrawalReason) -> ResultStatus:
    """Have a result count no more. Raises AgentError."""
    make = partial(Withdrawal, result_id=result_id, reason=reason)
    return _ask(config, _enrolled(config), "withdrawals", make, WITHDRAWAL_TYPE, ResultStatus)


def appeal(config: Config, *, result_id: str, words: str) -> Appealed:
    """Ask a person to look at a verdict again. Raises AgentError."""
    make = partial(Appeal, result_id=result_id, words=words)
    return _ask(config, _enrolled(config), "appeals", make, APPEAL_TYPE, Appealed)


def _ask(
    config: Config,
    identity: Identity,
    path: str,
    make: Callable[..., Record],
    payload_type: str,
    answer: type[T],
) -> T:
    """`make` is given what every request says: whom it is for, when, and its nonce."""

    def request() -> Record:
        return make(audience=config.origin, issued_at=datetime.now(UTC), nonce=new_nonce())

    try:
        first = request()
        decode(encode(first), type(first), what="request")
    except (ValueError, RecordError) as error:
        raise UsageError(_("This request is not possible: {error}").format(error=error)) from error
    with PlatformClient(config.origin) as client:
        identities.check_platform_key(config.folders, config.origin, client.platform_key())
        return client.ask(
            path, lambda: seal(encode(request()), payload_type=payload_type, key=identity.key), answer
        )


def _enrolled(config: Config) -> Identity:
    identity = identities.load(config.folders)
    identities.require_enrolment(config.folders, config.origin, identity)
    if identity is None:
        raise NotEnrolled(
            _("There is no key yet. Run `joulemark join {origin}` first.").format(origin=config.origin)
        )
    return identity
