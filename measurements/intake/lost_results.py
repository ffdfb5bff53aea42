"""Results that were receipted and lost with a restore, received again: under their old leaf and time, and never twice.

The receipt is this platform's own signature over the exact entry of the log. If the entry is in the log already, the
result gets its row back behind it; if it is not, it is appended as it was promised. A receipt is a function of the
entry, so the one that is given again has the very bytes of the first.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from msgspec import UNSET

from joulemark.log.leaf import LogLeaf
from joulemark.log.leaf import decode as decode_entry
from joulemark.log.proofs import check_leaf
from joulemark.record import keys
from joulemark.record.bundle import Bundle, parse
from joulemark.record.messages import Receipt
from joulemark.record.receipts import verified_receipt
from measurements.catalog.models import Job
from measurements.contributors.models import Key
from measurements.intake.door import OpenedBundle, check_audience, require_enrolled, verified_bundle
from measurements.intake.idempotency import again_if_raced
from measurements.intake.log_facts import ticket_facts
from measurements.intake.log_gate import require_log_current
from measurements.intake.lost_tickets import ticket_in_log
from measurements.intake.models import Submission, Ticket
from measurements.intake.platform_key import signing_key
from measurements.intake.refusals import BadRequest, Conflict, Forbidden
from measurements.intake.services import Arrived, nudge, sign_receipt
from measurements.intake.signals import submission_restored
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.services import append_leaf, append_signed_entry


@again_if_raced
def accept_receipted(*, data: bytes) -> tuple[Submission, bool]:
    """(submission, restored) for a bundle with the receipt that this platform gave for it.

    Raises BadRequest (JM-RECEIPT-MISSING, JM-RECEIPT-OLD), Forbidden or RecordError.
    """
    require_log_current()
    bundle = parse(data)
    receipt, entry = _own_receipt(bundle)
    stored = Submission.objects.filter(pk=bundle.digest()).first()
    if stored is not None:
        return stored, False
    bytes_sent = bundle.as_sent()
    sent = parse(bytes_sent)
    key = Key.objects.named([sent.envelope.key_id]).get(sent.envelope.key_id)
    opened = verified_bundle(sent, data=bytes_sent, key=require_enrolled(key))
    with transaction.atomic():
        ticket = _ticket(opened, entry)
        submission = _store(Arrived(bytes_sent, opened, ticket), receipt, entry)
        submission_restored.send(sender=Submission, submission=submission)
        transaction.on_commit(lambda: nudge(submission))
    return submission, True


def _own_receipt(bundle: Bundle) -> tuple[Receipt, LogLeaf]:
    """The receipt in a bundle with its entry, once this platform's key has signed both for this very result."""
    if bundle.receipt is None:
        raise BadRequest("JM-RECEIPT-MISSING", "The bundle has no receipt; send it as a new result.")
    receipt = verified_receipt(
        bundle.receipt, result_id=bundle.digest(), public_key=keys.public_hex(signing_key())
    )
    check_audience(receipt.audience)
    check_leaf(receipt)
    if receipt.leaf is UNSET:
        raise BadRequest(
            "JM-RECEIPT-OLD",
            "The receipt is of a version that did not hold its entry of the log; send the result as a new one.",
        )
    return receipt, decode_entry(receipt.leaf)


def _ticket(opened: OpenedBundle, entry: LogLeaf) -> Ticket | None:
    """The ticket under which the result was accepted; made again from the log, or from the receipt, if it is lost.

    It was checked when the receipt was given: that the receipt's entry names it is this platform's own word.
    """
    named = opened.statement.predicate.ticket
    if named is None:
        return None
    if entry.facts.get("ticket") != named.id:
        raise Forbidden("JM-TICKET-EDITED", "The receipt names another ticket than the result.")
    stored = Ticket.objects.filter(id=named.id).first()
    if stored is not None and Submission.objects.filter(ticket=stored).exists():
        raise Conflict("JM-TICKET-USED", "This ticket was used for another result since; both cannot count.")
    return stored or ticket_in_log(opened) or _ticket_by_receipt(opened)


def _ticket_by_receipt(opened: OpenedBundle) -> Ticket:
    """A ticket whose own entry was lost before it was signed. Its time is unknown: the run's start, as stated."""
    predicate = opened.statement.predicate
    named = predicate.ticket
    if named is None:
        raise ValueError("a result without a ticket has none to be restored")
    work = predicate.workload
    job = Job.objects.filter(
        suite__digest=predicate.suite.digest,
        dataset__task__slug=work.task,
        dataset__slug=work.dataset,
        model__slug=work.model,
    ).first()
    if job is None:
        raise BadRequest(
            "JM-SUITE-UNKNOWN", "This platform does not have the suite; ask its operator to pin it."
        )
    ticket = Ticket(
        id=named.id,
        nonce=named.nonce,
        sample_seed=named.sample_seed,
        request_sha256=hashlib.sha256(f"restored {named.id}".encode()).hexdigest(),
        key=opened.key,
        job=job,
        device_tag=predicate.device.tag,
        issued_at=predicate.started_at,
        expires_at=predicate.started_at + timedelta(seconds=settings.TICKET_LIFETIME_S),
    )
    ticket.leaf = append_leaf(
        kind=LeafKind.RUN_STARTED, subject=opened.key.key_id, facts=ticket_facts(ticket)
    )
    ticket.save(force_insert=True)
    return ticket


def _store(arrival: Arrived, receipt: Receipt, entry: LogLeaf) -> Submission:
    """The submission behind its entry in the log, or behind one that is appended. Raises IntegrityError in a race."""
    result_id = arrival.opened.sha256
    leaf = Leaf.objects.filter(kind=LeafKind.RESULT_RECEIVED, subject=result_id).first()
    if leaf is None:
        leaf = append_signed_entry(bytes(receipt.leaf or b""))
    else:
        entry = leaf.entry()
    submission = Submission(
        result_id=result_id,
        bundle=arrival.data,
        trace_sha256=arrival.opened.statement.digest_of("trace"),
        key=arrival.opened.key,
        ticket=arrival.ticket,
        received_at=datetime.fromisoformat(str(entry.facts["at"])),
        leaf=leaf,
    )
    submission.receipt = sign_receipt(submission)
    submission.save(force_insert=True)
    return submission
