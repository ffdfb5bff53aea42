"""The one door for all that contributors write: bytes in, a verified message and the key that signed it out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.conf import settings
from django.utils import timezone

from joulemark.record import envelope as envelopes
from joulemark.record.bundle import Bundle, verified
from joulemark.record.bundle import parse as parse_bundle
from joulemark.record.codec import Record, decode
from joulemark.record.duplicates import refuse_duplicate_names
from joulemark.record.keys import key_id
from joulemark.record.messages import ENROLMENT_TYPE, Enrolment
from joulemark.record.statement import Statement
from joulemark.record.trace import parse as parse_trace
from measurements.contributors.models import Key, KeyState
from measurements.intake.refusals import BadRequest, Forbidden

MAX_SKEW = timedelta(minutes=10)
"""How far a signed time may lie from ours before we say that a clock is wrong."""

Message = TypeVar("Message", bound=Record)


@dataclass(frozen=True)
class Opened(Generic[Message]):
    """A message whose signature was verified. `sha256` digests the bytes as received."""

    message: Message
    key: Key
    sha256: str


@dataclass(frozen=True)
class OpenedBundle:
    """A bundle whose signature, digests and trace were verified."""

    bundle: Bundle
    statement: Statement
    key: Key
    sha256: str


def open_enrolment(data: bytes) -> tuple[Enrolment, str]:
    """A self-signed enrolment and the digest of its bytes: possession of the key is proved by the key itself."""
    envelope = envelopes.parse(data)
    claimed = decode(envelope.payload, Enrolment, what="enrolment")
    envelopes.verify(envelope, public_key=claimed.public_key, payload_type=ENROLMENT_TYPE)
    if envelope.key_id != key_id(claimed.public_key):
        raise Forbidden(
            "JM-KEY-ID", "The key id is not the digest of the key: enrol again with an unchanged agent."
        )
    check_audience(claimed.audience)
    check_clock(claimed.issued_at)
    return claimed, hashlib.sha256(data).hexdigest()


def open_envelope(data: bytes, *, kind: type[Message], payload_type: str) -> Opened[Message]:
    """A message signed by a key that we know."""
    envelope = envelopes.parse(data)
    key = known_key(envelope.key_id)
    payload = envelopes.verify(envelope, public_key=key.public_key, payload_type=payload_type)
    message = decode(payload, kind, what="message")
    return Opened(message=message, key=key, sha256=hashlib.sha256(data).hexdigest())


def open_bundle(data: bytes) -> OpenedBundle:
    """A result signed by a key that we know, its trace inflated within limits and decoded."""
    bundle = parse_bundle(data)
    if bundle.receipt is not None:
        raise BadRequest(
            "JM-RECEIPT-INSIDE", "The bundle carries a receipt, so it was sent before; ask for its status."
        )
    key = known_key(bundle.envelope.key_id)
    statement, raw_trace = verified(bundle, public_key=key.public_key)
    refuse_duplicate_names(bundle.envelope.payload, what="statement")
    parse_trace(raw_trace)
    check_audience(statement.predicate.audience)
    if statement.predicate.issued_at > timezone.now() + MAX_SKEW:
        check_clock(statement.predicate.issued_at)
    return OpenedBundle(bundle=bundle, statement=statement, key=key, sha256=bundle.digest())


def known_key(wanted: str) -> Key:
    """The enrolled, unrevoked key with this id. Raises Forbidden (JM-KEY-UNKNOWN, JM-KEY-REVOKED)."""
    key = Key.objects.filter(key_id=wanted).first()
    if key is None:
        raise Forbidden(
            "JM-KEY-UNKNOWN", "This platform does not know the key that signed; run `joulemark enrol` first."
        )
    if key.state == KeyState.REVOKED:
        raise Forbidden("JM-KEY-REVOKED", "The key that signed was revoked; ask the platform's moderators.")
    return key


def check_audience(audience: str) -> None:
    """Refuse what was signed for another platform (JM-AUDIENCE)."""
    if audience != settings.ORIGIN:
        raise Forbidden("JM-AUDIENCE", f"This was signed for {audience}; here is {settings.ORIGIN}.")


def check_clock(issued_at: datetime) -> None:
    """Refuse a signed time that is far from ours (JM-CLOCK)."""
    skew = issued_at - timezone.now()
    if abs(skew) > MAX_SKEW:
        side = "ahead of" if skew > timedelta() else "behind"
        minutes = round(abs(skew).total_seconds() / 60)
        raise BadRequest(
            "JM-CLOCK", f"Your clock is {minutes} minutes {side} the platform's; set it and try again."
        )
