"""Writes at the door. Each is idempotent by the digest of the bytes received: the same bytes, the same answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from joulemark.record.codec import encode
from joulemark.record.envelope import seal
from joulemark.record.keys import key_id
from joulemark.record.messages import RECEIPT_TYPE, TICKET_REQUEST_TYPE, Enrolment, Receipt, TicketRequest
from measurements.catalog.models import Job
from measurements.catalog.suites import known_suites
from measurements.contributors.models import Key
from measurements.contributors.services import add_key, rename
from measurements.intake.door import (
    Opened,
    OpenedBundle,
    check_audience,
    check_clock,
    known_key,
    open_bundle,
    open_enrolment,
    open_envelope,
)
from measurements.intake.models import SeenEnvelope, Submission, Ticket
from measurements.intake.platform_key import announced, signing_key
from measurements.intake.refusals import BadRequest, Conflict, Forbidden
from measurements.intake.runnable import require_runnable
from measurements.intake.signals import submission_received
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.services import append_leaf

Args = ParamSpec("Args")
Row = TypeVar("Row")


def again_if_raced(write: Callable[Args, Row]) -> Callable[Args, Row]:
    """Run `write` once more when a unique constraint says that another process was first: now it finds that row."""

    @wraps(write)
    def run(*args: Args.args, **kwargs: Args.kwargs) -> Row:
        try:
            return write(*args, **kwargs)
        except IntegrityError:
            return write(*args, **kwargs)

    return run


@again_if_raced
def accept_enrolment(*, data: bytes) -> Key:
    """Know a key by its self-signed enrolment. Enrolling again may change the name shown; a replay changes nothing."""
    enrolment, digest = open_enrolment(data)
    seen = SeenEnvelope.objects.select_related("key__contributor").filter(sha256=digest).first()
    if seen is not None:
        return seen.key
    with transaction.atomic():
        key = _enrol(enrolment)
        SeenEnvelope.objects.create(sha256=digest, key=key)
    return key


def _enrol(enrolment: Enrolment) -> Key:
    wanted = key_id(enrolment.public_key)
    if Key.objects.filter(key_id=wanted).exists():
        key = known_key(wanted)
        if key.contributor.display_name != enrolment.display_name:
            rename(contributor=key.contributor, display_name=enrolment.display_name)
        return key
    key = add_key(key_id=wanted, public_key=enrolment.public_key, display_name=enrolment.display_name)
    append_leaf(kind=LeafKind.KEY_ENROLLED, subject=wanted, facts={"contributor": key.contributor.pseudonym})
    return key


@again_if_raced
def issue_ticket(*, data: bytes) -> Ticket:
    """Announce a run: a ticket with a fresh nonce and sample seed, logged before anything is measured."""
    opened = open_envelope(data, kind=TicketRequest, payload_type=TICKET_REQUEST_TYPE)
    request = opened.message
    check_audience(request.audience)
    issued = Ticket.objects.filter(request_sha256=opened.sha256).first()
    if issued is not None:
        return issued
    check_clock(request.issued_at)
    job = _job(request)
    with transaction.atomic():
        return _create_ticket(opened, job)


def _job(request: TicketRequest) -> Job:
    suite = request.suite
    job = Job.objects.filter(
        suite__digest=suite.digest,
        suite__name=suite.name,
        suite__version=suite.version,
        dataset__task__slug=request.task,
        dataset__slug=request.dataset,
        model__slug=request.model,
    ).first()
    known = known_suites().get(suite.digest)
    if job is None or known is None:
        raise BadRequest(
            "JM-SUITE-UNKNOWN",
            f"This platform has no {request.task}/{request.dataset}/{request.model} in suite {suite.name} "
            f"{suite.version} with digest {suite.digest[:12]}; install the agent version that the platform names.",
        )
    require_runnable(known, known.job(f"{request.task}/{request.dataset}/{request.model}"))
    return job


def _create_ticket(opened: Opened[TicketRequest], job: Job) -> Ticket:
    now = timezone.now()
    ticket_id = secrets.token_hex(16)
    facts: dict[str, str | int | list[str]] = {
        "ticket": ticket_id,
        "job": job.pk,
        "suite": opened.message.suite.digest,
    }
    return Ticket.objects.create(
        id=ticket_id,
        nonce=secrets.token_hex(16),
        sample_seed=secrets.randbelow(2**48),
        request_sha256=opened.sha256,
        key=opened.key,
        job=job,
        device_tag=opened.message.device_tag,
        issued_at=now,
        expires_at=now + timedelta(seconds=settings.TICKET_LIFETIME_S),
        leaf=append_leaf(kind=LeafKind.RUN_STARTED, subject=opened.key.key_id, facts=facts),
    )


def accept_result(*, data: bytes) -> tuple[Submission, bool]:
    """(submission, created): store a verified bundle as received and sign a receipt. The verdict comes later.

    What is new costs no look-up: the database's constraints say when bytes or ticket were here before.
    """
    opened = open_bundle(data)
    ticket = _ticket_of(opened)
    try:
        with transaction.atomic():
            submission = _store(data, opened, ticket)
            transaction.on_commit(lambda: _nudge(submission.result_id))
    except IntegrityError:
        known = _known(opened, ticket)
        if known is None:
            raise
        return known, False
    return submission, True


def _known(opened: OpenedBundle, ticket: Ticket | None) -> Submission | None:
    """The submission of these very bytes, if any. Raises Conflict (JM-TICKET-USED) when other bytes used the ticket."""
    known = Submission.objects.filter(result_id=opened.sha256).first()
    if known is None and ticket is not None and Submission.objects.filter(ticket=ticket).exists():
        raise Conflict(
            "JM-TICKET-USED",
            "This ticket was used for another result already; every run needs its own. Run again to get one.",
        )
    return known


def _ticket_of(opened: OpenedBundle) -> Ticket | None:
    named = opened.statement.predicate.ticket
    if named is None:
        return None
    ticket = Ticket.objects.filter(id=named.id).first()
    if ticket is None or ticket.key_id != opened.key.key_id:
        raise Forbidden(
            "JM-TICKET-UNKNOWN", "This platform gave your key no such ticket; run again to get one."
        )
    if (ticket.nonce, ticket.sample_seed) != (named.nonce, named.sample_seed):
        raise Forbidden(
            "JM-TICKET-EDITED", "The nonce or sample seed is not the one that the ticket was given with."
        )
    return ticket


def _store(data: bytes, opened: OpenedBundle, ticket: Ticket | None) -> Submission:
    facts: dict[str, str | int | list[str]] = {
        "key": opened.key.key_id,
        "ticket": ticket.id if ticket else "",
    }
    leaf = append_leaf(kind=LeafKind.RESULT_RECEIVED, subject=opened.sha256, facts=facts)
    return Submission.objects.create(
        result_id=opened.sha256,
        bundle=data,
        trace_sha256=opened.statement.digest_of("trace"),
        key=opened.key,
        ticket=ticket,
        received_at=leaf.logged_at,
        receipt=_receipt(opened.sha256, leaf),
        leaf=leaf,
    )


def _receipt(result_id: str, leaf: Leaf) -> bytes:
    receipt = Receipt(
        audience=settings.ORIGIN,
        public_key=announced().public_key,
        result_id=result_id,
        leaf_index=leaf.index,
        leaf_hash=leaf.leaf_hash,
        received_at=leaf.logged_at,
    )
    return encode(seal(encode(receipt), payload_type=RECEIPT_TYPE, key=signing_key()))


def _nudge(result_id: str) -> None:
    submission_received.send(sender=Submission, result_id=result_id)
