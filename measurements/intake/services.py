"""Writes of intake, each idempotent by the digest of the bytes received: the same bytes, the same answer."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from joulemark.record import keys
from joulemark.record.codec import encode
from joulemark.record.envelope import seal
from joulemark.record.messages import RECEIPT_TYPE, TICKET_REQUEST_TYPE, Receipt, TicketRequest
from measurements.catalog.models import Job
from measurements.catalog.suites import known_suite
from measurements.concurrency.advisory_locks import lock_until_commit
from measurements.concurrency.bulk_insert import insert_rows
from measurements.concurrency.message_headers import current_request_id
from measurements.intake.door import (
    Opened,
    OpenedBundle,
    open_bundle,
    open_envelope,
    record_envelope,
    require_active,
    require_measured_in_time,
)
from measurements.intake.idempotency import again_if_raced
from measurements.intake.job_policy import require_runnable
from measurements.intake.log_facts import result_facts, ticket_facts
from measurements.intake.log_gate import are_rows_lost
from measurements.intake.lost_tickets import ticket_in_log
from measurements.intake.models import Submission, Ticket
from measurements.intake.network_code import network_code
from measurements.intake.platform_key import signing_key
from measurements.intake.rates import consume_quota, require_room
from measurements.intake.refusals import BadRequest, Conflict, Forbidden, TooOften
from measurements.intake.signals import submission_received, submission_restored
from measurements.ledger.gaps import leaves_in_gaps
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf, append_leaves

logger = logging.getLogger(__name__)


@again_if_raced
def issue_ticket(*, data: bytes, prefix: str | None = None) -> Ticket:
    """Announce a run: a ticket with a fresh nonce and sample seed, logged before anything is measured.

    `prefix` is the network that the request came from; what is stored of it is a keyed code.
    """
    opened = open_envelope(data, kind=TicketRequest, payload_type=TICKET_REQUEST_TYPE, scope="ticket")
    request = opened.message
    issued = Ticket.objects.filter(request_sha256=opened.sha256).first()
    if issued is not None:
        return issued
    with transaction.atomic():
        record_envelope(opened, audience=request.audience, issued_at=request.issued_at, nonce=request.nonce)
        return _create_ticket(opened, _job(request), prefix)


def _job(request: TicketRequest) -> Job:
    suite = request.suite
    job = (
        Job.objects.select_related("suite", "dataset__task", "model")
        .filter(
            suite__digest=suite.digest,
            suite__name=suite.name,
            suite__version=suite.version,
            dataset__task__slug=request.task,
            dataset__slug=request.dataset,
            model__slug=request.model,
        )
        .first()
    )
    pinned = known_suite(suite.digest)
    if job is None or pinned is None:
        raise BadRequest(
            "JM-SUITE-UNKNOWN",
            f"This platform has no {request.task}/{request.dataset}/{request.model} in suite {suite.name} "
            f"{suite.version} with digest {suite.digest[:12]}; install the agent version that the platform names.",
        )
    require_runnable(pinned, pinned.job(f"{request.task}/{request.dataset}/{request.model}"))
    return job


def _create_ticket(opened: Opened[TicketRequest], job: Job, prefix: str | None) -> Ticket:
    now = timezone.now()
    workload = f"{job.dataset.task.slug}/{job.dataset.slug}/{job.model.slug}"
    ticket = Ticket(
        id=secrets.token_hex(16),
        nonce=secrets.token_hex(16),
        sample_seed=secrets.randbelow(2**48),
        request_sha256=opened.sha256,
        key=opened.key,
        job=job,
        device_tag=opened.message.device_tag,
        network=network_code(prefix, suite_digest=job.suite.digest, workload=workload),
        issued_at=now,
        expires_at=now + timedelta(seconds=settings.TICKET_LIFETIME_S),
    )
    ticket.leaf = append_leaf(
        kind=LeafKind.RUN_STARTED, subject=opened.key.key_id, facts=ticket_facts(ticket), at=now
    )
    ticket.save(force_insert=True)
    return ticket


def accept_result(*, data: bytes, opened: OpenedBundle | None = None) -> tuple[Submission, bool]:
    """(submission, created): store a verified bundle as received and sign a receipt. The verdict comes later.

    What is new costs no look-up: the database's constraints say when bytes or ticket were here before. Only what is new
    counts for the key's rate: whoever sends another's public bundle again uses nothing up.
    """
    opened = opened or open_bundle(data)
    ticket = _ticket_of(opened)
    try:
        require_room("result", opened.key.key_id)
    except TooOften:
        earlier = _earlier_submission(opened, ticket)
        if earlier is None:
            raise
        return earlier, False
    try:
        with transaction.atomic():
            (submission,) = store_bundles([Arrived(data, opened, ticket, current_request_id())])
            transaction.on_commit(lambda: nudge(submission))
    except IntegrityError:
        earlier = _earlier_submission(opened, ticket)
        if earlier is None:
            raise
        return earlier, False
    consume_quota("result", {opened.key.key_id: 1})
    return submission, True


def _earlier_submission(opened: OpenedBundle, ticket: Ticket | None) -> Submission | None:
    """The submission of these very bytes, if any. Raises Conflict (JM-TICKET-USED) when other bytes used the ticket."""
    submission = Submission.objects.filter(result_id=opened.sha256).first()
    if submission is None and ticket is not None and Submission.objects.filter(ticket=ticket).exists():
        raise Conflict(
            "JM-TICKET-USED",
            "This ticket was used for another result already, and every run needs its own: `joulemark run --fresh`.",
        )
    return submission


def _ticket_of(opened: OpenedBundle) -> Ticket | None:
    named = opened.statement.predicate.ticket
    return require_ticket(opened, None if named is None else Ticket.objects.filter(id=named.id).first())


def require_ticket(opened: OpenedBundle, ticket: Ticket | None) -> Ticket | None:
    """The ticket that a bundle names, once it is this key's and unedited; None where it names none.

    Raises Forbidden (JM-TICKET-UNKNOWN, JM-TICKET-EDITED, JM-KEY-REVOKED, JM-KEY-ROTATED).
    """
    named = opened.statement.predicate.ticket
    if named is None:
        require_active(opened.key)
        return None
    ticket = ticket or ticket_in_log(opened)
    if ticket is None or ticket.key_id != opened.key.key_id:
        raise Forbidden(
            "JM-TICKET-UNKNOWN",
            "This platform gave your key no such ticket; `joulemark run --fresh` gets one.",
        )
    require_measured_in_time(opened.key, announced_at=ticket.issued_at)
    if (ticket.nonce, ticket.sample_seed) != (named.nonce, named.sample_seed):
        raise Forbidden(
            "JM-TICKET-EDITED", "The nonce or sample seed is not the one that the ticket was given with."
        )
    return ticket


@dataclass(frozen=True)
class Arrived:
    """A verified bundle ready to be stored: its bytes, its content, its ticket and the request that brought it."""

    data: bytes
    opened: OpenedBundle
    ticket: Ticket | None
    request_id: str = ""


def store_bundles(arrived: Sequence[Arrived]) -> list[Submission]:
    """Write new bundles with their leaves and receipts, inside the caller's transaction.

    Raises IntegrityError when the bytes or a ticket were stored before.
    """
    now = timezone.now()
    rows = [
        Submission(
            result_id=arrival.opened.sha256,
            bundle=arrival.data,
            trace_sha256=arrival.opened.statement.digest_of("trace"),
            key=arrival.opened.key,
            ticket=arrival.ticket,
            received_at=now,
            request_id=arrival.request_id,
        )
        for arrival in arrived
    ]
    _queue_behind_same_traces({row.trace_sha256 for row in rows})
    logged = leaves_in_gaps(LeafKind.RESULT_RECEIVED, [row.pk for row in rows]) if are_rows_lost() else {}
    new = [row for row in rows if row.pk not in logged]
    leaves = append_leaves(
        kind=LeafKind.RESULT_RECEIVED, changes=[(row.result_id, result_facts(row)) for row in new], at=now
    )
    logged |= {row.pk: leaf for row, leaf in zip(new, leaves, strict=True)}
    for row in rows:
        row.leaf = logged[row.pk]
        row.received_at = row.leaf.logged_at
        row.receipt = sign_receipt(row)
    insert_rows(rows)
    for row in rows:
        if row not in new:
            submission_restored.send(sender=Submission, submission=row)
    return rows


def _queue_behind_same_traces(digests: Iterable[str]) -> None:
    """Wait until nobody else stores these traces: ids then say which came first as commits do (JM-TRACE-REUSED)."""
    lock_until_commit(int(digest[:15], 16) for digest in digests)


def sign_receipt(submission: Submission) -> bytes:
    """The signed receipt: a promise that these bytes are stored and that their leaf gets its place in the log."""
    key = signing_key()
    receipt = Receipt(
        audience=settings.ORIGIN,
        public_key=keys.public_hex(key),
        result_id=submission.result_id,
        leaf_index=None,
        leaf_hash=submission.leaf.leaf_hash,
        received_at=submission.received_at,
        leaf=submission.leaf.body.encode(),
    )
    return encode(seal(encode(receipt), payload_type=RECEIPT_TYPE, key=key))


def nudge(submission: Submission) -> None:
    """Signal the new submission to review, after the commit, and write its line."""
    logger.info(
        "accepted upload %s of %d bytes", submission.result_id, len(submission.bundle),
        extra={
            "result_id": submission.result_id,
            "bytes": len(submission.bundle),
            "request_ids": [submission.request_id] if submission.request_id else [],
        },
    )  # fmt: skip
    submission_received.send(
        sender=Submission, result_id=submission.result_id, request_id=submission.request_id
    )
