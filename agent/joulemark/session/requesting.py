"""What a contributor asks of a platform about keys and results: signed, sent, and what follows from it done here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from joulemark import identity as identities
from joulemark.errors import NotEnrolled, PlatformKeyChanged, Refused, UsageError
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
from joulemark.session.statement import new_nonce

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.config import Config
    from joulemark.identity import Identity
    from joulemark.record.codec import Record

T = TypeVar("T")


def rotate(config: Config) -> tuple[Identity, Enrolled]:
    """Let a new key take over from the stored one, there and here. Raises AgentError.

    The new key is on the disk before it is sent, so that a crash at any point is mended by asking again.
    """
    old = _enrolled(config)
    new = identities.next_key(config.folders)

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
        try:
            answer = client.ask("rotations", make, Enrolled)
        except Refused as refused:
            if refused.code not in {"JM-KEY-ROTATED", "JM-KEY-KNOWN"}:
                raise
            answer = _known_already(config, client, new)
    if answer.key_id != new.key_id:
        raise PlatformKeyChanged(
            f"{config.origin} answered for another key than it was sent. Nothing was changed."
        )
    identities.take_over(config.folders, old=old)
    identities.store_enrolment(config.folders, config.origin, answer)
    return new, answer


def _known_already(config: Config, client: PlatformClient, new: Identity) -> Enrolled:
    """An earlier rotation reached the platform and its answer did not reach us: the new key asks who it is.

    Raises Refused when it is not the one that took over.
    """
    before = identities.enrolment(config.folders, config.origin)

    def make() -> Envelope:
        message = Enrolment(
            audience=config.origin,
            issued_at=datetime.now(UTC),
            nonce=new_nonce(),
            public_key=new.public_key,
            display_name=None,
        )
        return seal(encode(message), payload_type=ENROLMENT_TYPE, key=new.key)

    answer = client.enrol(make)
    if before is not None and answer.contributor != before.contributor:
        raise Refused(
            "JM-KEY-ROTATED",
            f"The platform let another key take over from yours. If that was not you, write to its moderators; "
            f"this key is {answer.contributor} now.",
            status=403,
        )
    return answer


def revoke(
    config: Config, *, key_id: str | None, reason: RevocationReason, since: datetime | None
) -> Revoked:
    """Have a key believed no more: the stored one, or `key_id` of the same contributor. Raises AgentError."""
    identity = _enrolled(config)
    return _ask(
        config,
        "revocations",
        lambda: Revocation(
            audience=config.origin,
            issued_at=datetime.now(UTC),
            nonce=new_nonce(),
            key_id=key_id or identity.key_id,
            reason=reason,
            since=since,
        ),
        REVOCATION_TYPE,
        Revoked,
    )


def withdraw(config: Config, *, result_id: str, reason: WithdrawalReason) -> ResultStatus:
    """Have a result count no more. Raises AgentError."""
    return _ask(
        config,
        "withdrawals",
        lambda: Withdrawal(
            audience=config.origin,
            issued_at=datetime.now(UTC),
            nonce=new_nonce(),
            result_id=result_id,
            reason=reason,
        ),
        WITHDRAWAL_TYPE,
        ResultStatus,
    )


def appeal(config: Config, *, result_id: str, words: str) -> Appealed:
    """Ask a person to look at a verdict again. Raises AgentError."""
    return _ask(
        config,
        "appeals",
        lambda: Appeal(
            audience=config.origin,
            issued_at=datetime.now(UTC),
            nonce=new_nonce(),
            result_id=result_id,
            words=words,
        ),
        APPEAL_TYPE,
        Appealed,
    )


def _ask(config: Config, path: str, request: Callable[[], Record], payload_type: str, answer: type[T]) -> T:
    identity = _enrolled(config)
    try:
        first = request()
        decode(encode(first), type(first), what="request")
    except (ValueError, RecordError) as error:
        raise UsageError(f"This cannot be asked: {error}") from error
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
            f"There is no key here. Run `joulemark enrol` first to be known at {config.origin}."
        )
    return identity
