"""The one entry for everything that contributors send: from bytes to a verified message and the key that signed it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from joulemark.record import envelope as envelopes
from joulemark.record.bundle import Bundle, verified
from joulemark.record.bundle import parse as parse_bundle
from joulemark.record.codec import Record, decode, encode
from joulemark.record.duplicates import refuse_duplicate_names
from joulemark.record.keys import key_id
from joulemark.record.limits import max_trace_numbers
from joulemark.record.messages import ENROLMENT_TYPE, Enrolment
from joulemark.record.statement import Statement
from joulemark.record.trace import parse as parse_trace
from measurements.contributors.models import Key, KeyState
from measurements.intake.log_gate import require_log_current
from measurements.intake.models import SeenEnvelope
from measurements.intake.rates import consume_quota, require_room
from measurements.intake.refusals import BadRequest, Conflict, Forbidden, TooBig

MAX_SKEW = timedelta(minutes=10)
"""How far a signed time may lie from ours before we say that a clock is wrong."""

Message = TypeVar("Message", bound=Record)


@dataclass(frozen=True)
class Opened(Generic[Message]):
    """A message whose signature was verified. `sha256` digests its bytes as received; it counts in the rate `scope`."""

    message: Message
    key: Key
    sha256: str
    scope: str


@dataclass(frozen=True)
class OpenedBundle:
    """A bundle whose signature, digests and trace were verified."""

    bundle: Bundle
    statement: Statement
    key: Key
    sha256: str


def open_enrolment(data: bytes) -> tuple[Enrolment, str]:
    """A self-signed enrolment and the digest of its bytes: possession of the key is proved by the key itself.

    Whether it is of now, `check_clock` asks, once it is known to be new.
    """
    require_log_current()
    envelope = envelopes.parse(data)
    claimed = decode(envelope.payload, Enrolment, what="enrolment")
    envelopes.verify(envelope, public_key=claimed.public_key, payload_type=ENROLMENT_TYPE)
    if envelope.key_id != key_id(claimed.public_key):
        raise Forbidden(
            "JM-KEY-ID", "The key id is not the digest of the key: enrol again with an unchanged agent."
        )
    check_audience(claimed.audience)
    return claimed, hashlib.sha256(data).hexdigest()


def open_envelope(data: bytes, *, kind: type[Message], payload_type: str, scope: str) -> Opened[Message]:
    """A message signed by a key that was ever enrolled; whether it may still sign, `require_active` asks.

    `scope` is the rate that it will count in once it is taken: what was captured and is sent again costs its owner
    nothing. Raises Forbidden (JM-KEY-UNKNOWN) or RecordError.
    """
    require_log_current()
    envelope = envelopes.parse(data)
    key = _enrolled(envelope.key_id)
    payload = envelopes.verify(envelope, public_key=key.public_key, payload_type=payload_type)
    message = decode(payload, kind, what="message")
    return Opened(message=message, key=key, sha256=hashlib.sha256(data).hexdigest(), scope=scope)


def was_recorded(opened: Opened[Message]) -> bool:
    """Whether these very bytes were recorded before: then they change nothing more."""
    return SeenEnvelope.objects.filter(sha256=opened.sha256).exists()


def record_envelope(
    opened: Opened[Message], *, audience: str, issued_at: datetime, nonce: str, ended_too: bool = False
) -> None:
    """Run the checks of every request and record it, inside the transaction of what it changes.

    `ended_too`: a key that was rotated or revoked may ask this too.
    Raises Forbidden (JM-KEY-REVOKED, JM-KEY-ROTATED, JM-AUDIENCE), BadRequest (JM-CLOCK) or Conflict (JM-NONCE-USED).
    """
    if not ended_too:
        require_active(opened.key)
    check_audience(audience)
    check_clock(issued_at)
    require_room(opened.scope, opened.key.key_id)
    mark_envelope_seen(sha256=opened.sha256, key=opened.key, nonce=nonce)
    consume_quota(opened.scope, {opened.key.key_id: 1})


def mark_envelope_seen(*, sha256: str, key: Key, nonce: str) -> None:
    """Record the bytes as seen. Raises Conflict (JM-NONCE-USED) for other bytes with a used nonce.

    Raises IntegrityError for the same bytes: another process has just taken them, and asking again finds what it made.
    """
    seen = SeenEnvelope.objects.filter(key=key, nonce=nonce).first()
    if seen is not None and seen.sha256 == sha256:
        raise IntegrityError("These bytes were taken a moment ago.")
    if seen is not None:
        raise Conflict(
            "JM-NONCE-USED",
            "Another request of this key has used this nonce: sign a new one with a new nonce.",
        )
    SeenEnvelope.objects.create(sha256=sha256, key=key, nonce=nonce)


def open_bundle(data: bytes) -> OpenedBundle:
    """A result signed by a key that was ever enrolled, its trace inflated within limits and decoded.

    Raises Refusal or RecordError.
    """
    bundle = parsed_bundle(data)
    return verified_bundle(bundle, data=data, key=_enrolled(bundle.envelope.key_id))


def parsed_bundle(data: bytes) -> Bundle:
    """The bundle, nothing of it verified. Raises BadRequest (JM-RECEIPT-INSIDE) or RecordError."""
    require_log_current()
    bundle = parse_bundle(data)
    if bundle.receipt is not None or bundle.proof is not None:
        raise BadRequest(
            "JM-RECEIPT-INSIDE", "The bundle carries a receipt, so it was sent before; ask for its status."
        )
    return bundle


def verified_bundle(bundle: Bundle, *, data: bytes, key: Key) -> OpenedBundle:
    """The same once signature, digests, trace, audience and time are checked. Raises Refusal or RecordError.

    `data` are the bytes that `parse` has made the bundle of, which has one encoding: their digest is the bundle's.
    """
    statement, raw_trace = verified(bundle, public_key=key.public_key)
    if encode(statement) != bundle.envelope.payload:  # our own encoding gives no name twice
        refuse_duplicate_names(bundle.envelope.payload, what="statement")
    _check_length(raw_trace, statement)
    parse_trace(raw_trace)
    check_audience(statement.predicate.audience)
    if statement.predicate.issued_at > timezone.now() + MAX_SKEW:
        check_clock(statement.predicate.issued_at)
    return OpenedBundle(bundle=bundle, statement=statement, key=key, sha256=hashlib.sha256(data).hexdigest())


def _check_length(raw_trace: bytes, statement: Statement) -> None:
    """Raises TooBig (JM-TRACE-SIZE) for more numbers than the stated session can make.

    Numbers are counted by the commas between them, before anything is decoded: what is compressed well may take a
    hundred times as much memory as it has bytes. A trace of fewer bytes has fewer numbers, and is not counted.
    """
    session = statement.predicate.ended_at - statement.predicate.started_at
    most = max_trace_numbers(session.total_seconds())
    if len(raw_trace) > most and (numbers := raw_trace.count(b",")) > most:
        raise TooBig(
            "JM-TRACE-SIZE",
            f"The trace has about {numbers} numbers; a session of {session.total_seconds():.0f} s makes {most} at "
            "most. Measure again with an unchanged agent.",
        )


def require_active(key: Key) -> None:
    """Raises Forbidden (JM-KEY-REVOKED, JM-KEY-ROTATED) unless the key may sign."""
    if key.state == KeyState.REVOKED:
        raise Forbidden(
            "JM-KEY-REVOKED",
            "The key that signed was revoked; enrol a new one, or ask the platform's moderators.",
        )
    if key.state == KeyState.ROTATED:
        raise Forbidden(
            "JM-KEY-ROTATED", "The key that signed gave way to a newer one of yours: sign with that one."
        )


def require_measured_in_time(key: Key, *, announced_at: datetime | None) -> None:
    """As `require_active`, but what was announced to us before a key gave way may still be reported under it."""
    rotated_later = key.ended_at is not None and announced_at is not None and announced_at < key.ended_at
    if not (key.state == KeyState.ROTATED and rotated_later):
        require_active(key)


def _enrolled(signer_id: str) -> Key:
    return require_enrolled(Key.objects.named([signer_id]).get(signer_id))


def require_enrolled(key: Key | None) -> Key:
    """The key, unless it is None. Raises Forbidden (JM-KEY-UNKNOWN)."""
    if key is None:
        raise Forbidden(
            "JM-KEY-UNKNOWN", "This platform does not know the key that signed; run `joulemark enrol` first."
        )
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
