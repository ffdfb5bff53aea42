"""What contributors send beside results, signed: enrolments and requests for tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.record import keys, messages
from joulemark.record.codec import encode
from joulemark.record.envelope import seal
from joulemark_simulation.statements import suite_ref

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from joulemark.record.envelope import Envelope
    from joulemark.suite import Job, Suite


def enrolment_message(
    key: Ed25519PrivateKey, *, audience: str, name: str | None, nonce: str, at: datetime
) -> messages.Enrolment:
    """The key introduces itself under this display name."""
    return messages.Enrolment(
        audience=audience,
        issued_at=at,
        nonce=nonce,
        public_key=keys.public_hex(key),
        display_name=name,
    )


def ticket_message(
    *, audience: str, suite: Suite, job: Job, device_tag: str, nonce: str, at: datetime
) -> messages.TicketRequest:
    """A request for a ticket. The same words give the same ticket, however often they are sent."""
    return messages.TicketRequest(
        audience=audience,
        issued_at=at,
        nonce=nonce,
        suite=suite_ref(suite),
        task=job.task,
        dataset=job.dataset,
        model=job.model,
        device_tag=device_tag,
    )


def signed_message(message: messages.Enrolment | messages.TicketRequest, key: Ed25519PrivateKey) -> Envelope:
    """The message in an envelope with the payload type of its kind."""
    is_enrolment = isinstance(message, messages.Enrolment)
    kind = messages.ENROLMENT_TYPE if is_enrolment else messages.TICKET_REQUEST_TYPE
    return seal(encode(message), payload_type=kind, key=key)
