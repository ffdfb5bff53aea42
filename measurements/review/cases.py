"""From a stored submission to the case that the rules look at: bytes decoded again, and what we know beside them."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from joulemark.record.bundle import parse, verified
from joulemark.record.trace import parse as parse_trace
from joulemark.rules.case import Case, Context, TicketFacts
from joulemark.suite import Suite, load_suite, suite_names
from measurements.catalog.models import Suite as SuiteRow
from measurements.contributors.models import KeyState
from measurements.intake.models import Submission, Ticket


def case_of(submission: Submission) -> Case:
    """Decode the stored bytes, verifying signature and digests again. Raises RecordError if they no longer fit."""
    bundle = parse(bytes(submission.bundle))
    statement, raw_trace = verified(bundle, public_key=submission.key.public_key)
    trace = parse_trace(raw_trace)
    context = Context(
        received_at=submission.received_at,
        audience=settings.ORIGIN,
        public_key=submission.key.public_key,
        key_revoked=submission.key.state == KeyState.REVOKED,
        ticket=_ticket_facts(submission.ticket) if submission.ticket else None,
        suite=_catalogued_suite(statement.predicate.suite.digest),
        same_trace_as=_same_trace(submission),
    )
    return Case(statement=statement, trace=trace, context=context)


@lru_cache
def suites_by_digest() -> dict[str, Suite]:
    """Every suite that this version of the software carries."""
    return {suite.digest: suite for suite in map(load_suite, suite_names())}


def _catalogued_suite(digest: str) -> Suite | None:
    known = SuiteRow.objects.filter(digest=digest).exists()
    return suites_by_digest().get(digest) if known else None


def _ticket_facts(ticket: Ticket) -> TicketFacts:
    return TicketFacts(
        id=ticket.id,
        nonce=ticket.nonce,
        sample_seed=ticket.sample_seed,
        task=ticket.job.dataset.task.slug,
        dataset=ticket.job.dataset.slug,
        model=ticket.job.model.slug,
        device_tag=ticket.device_tag,
        issued_at=ticket.issued_at,
        expires_at=ticket.expires_at,
    )


def _same_trace(submission: Submission) -> str | None:
    """The first other submission with this trace that came before, by its place in the log."""
    return (
        Submission.objects.filter(trace_sha256=submission.trace_sha256, leaf_id__lt=submission.leaf_id)
        .order_by("leaf_id")
        .values_list("result_id", flat=True)
        .first()
    )
