"""From a stored submission to the case that the rules look at: bytes decoded again, and what we know beside them."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Count

from joulemark.record.bundle import parse, verified
from joulemark.record.statement import Predicate
from joulemark.record.trace import parse as parse_trace
from joulemark.rules.case import Case, Context, TicketFacts
from joulemark.suite import Suite
from measurements.catalog.models import Suite as SuiteRow
from measurements.catalog.suites import known_suites
from measurements.contributors.models import KeyState
from measurements.intake.models import State, Submission, Ticket
from measurements.review.models import Result


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
        inputs_by_others=_inputs_by_others(submission, statement.predicate),
    )
    return Case(statement=statement, trace=trace, context=context)


def _catalogued_suite(digest: str) -> Suite | None:
    known = SuiteRow.objects.filter(digest=digest).exists()
    return known_suites().get(digest) if known else None


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


def _inputs_by_others(submission: Submission, said: Predicate) -> dict[str, int]:
    """How many other contributors state each digest of what the model was given, for the same job and sample."""
    rows = (
        Result.objects.filter(
            suite__digest=said.suite.digest,
            dataset__task__slug=said.workload.task,
            dataset__slug=said.workload.dataset,
            model__slug=said.workload.model,
            sample_sha256=said.workload.sample_sha256,
            submission__state__in=(State.ACCEPTED, State.QUARANTINED),
        )
        .exclude(contributor=submission.key.contributor_id)
        .exclude(inputs_sha256="")
        .values_list("inputs_sha256")
        .annotate(Count("contributor", distinct=True))
        .order_by()
    )
    return dict(rows)
