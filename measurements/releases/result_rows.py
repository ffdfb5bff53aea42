"""Rows of a range that follow from its bundles: results, tickets, windows and traces, of each bundle decoded once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Prefetch
from msgspec import UNSET

from joulemark.record.bundle import parse, verified
from joulemark.record.errors import RecordError
from joulemark.record.trace import from_deltas
from joulemark.record.trace import parse as parse_trace
from joulemark.release.leaf_tables import RESULTS
from measurements.intake.models import State, Submission
from measurements.published.terms import LICENCE
from measurements.review.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.record.statement import Predicate
    from joulemark.record.trace import Trace
    from joulemark.release.layout import LeafRange
    from measurements.releases.table_writer import Row
    from measurements.review.models import Result

BUNDLES_PER_CHUNK = 20
"""Bundles that are held in memory at once: each has 2 MiB at most."""
NOT_JUDGED, NOT_READABLE, REJECTED = "not-judged", "not-readable", "rejected"


@dataclass(frozen=True, kw_only=True)
class RowsOfBundle:
    """What one received bundle gives to each table. `bundle` are its bytes as received.

    `is_numbered`: the database has the result's numbers.
    """

    result_id: str
    bundle: bytes
    is_numbered: bool
    result: Row
    ticket: Row | None
    windows: list[Row]
    traces: list[Row]


def submissions_within(leaves: LeafRange) -> Iterator[Submission]:
    """What was received with these leaves, in their order, a few at a time."""
    rows = (
        Submission.objects.defer("receipt")
        .select_related(
            "leaf", "key__contributor", "ticket__leaf", "ticket__job__suite", "ticket__job__dataset__task",
            "ticket__job__model", "result__suite", "result__task", "result__dataset", "result__model",
            "result__hardware_class", "result__device", "result__contributor",
        )
        .prefetch_related(Prefetch("verdicts", Verdict.objects.only("submission_id", "state")))
        .filter(leaf__index__gte=leaves.start, leaf__index__lt=leaves.end)
        .order_by("leaf__index")
    )  # fmt: skip
    return rows.iterator(BUNDLES_PER_CHUNK)


def rows_of(submission: Submission) -> RowsOfBundle:
    """The rows of one submission. A bundle that cannot be read gives none but its own, which says so."""
    index, data = submission.leaf.index, bytes(submission.bundle)
    head = (index, submission.pk)
    try:
        statement, raw = verified(parse(data), public_key=submission.key.public_key)
        predicate, trace = statement.predicate, parse_trace(raw)
    except RecordError:
        predicate, trace = None, None
    result: Result | None = getattr(submission, "result", None)
    return RowsOfBundle(
        result_id=submission.pk,
        bundle=data,
        is_numbered=result is not None,
        result=_result_row(submission, result, predicate),
        ticket=_ticket_row(submission),
        windows=[] if predicate is None else _window_rows(head, predicate),
        traces=[] if trace is None else _trace_rows(head, trace),
    )


N_DERIVED = len(RESULTS.columns) - 9
"""Columns of a result behind `not_derived`, without the licence."""


def _result_row(submission: Submission, result: Result | None, predicate: Predicate | None) -> Row:
    received = (
        submission.leaf.index,
        submission.pk,
        submission.received_at,
        submission.key_id,
        submission.key.contributor.pseudonym,
        submission.ticket_id,
        submission.trace_sha256,
    )
    if result is None or predicate is None:
        return (
            *received,
            _why_without_numbers(submission, is_readable=predicate is not None),
            *(None,) * N_DERIVED,
            LICENCE,
        )
    work, software = predicate.workload, predicate.software
    return (
        *received,
        None,
        result.suite.name,
        result.suite.version,
        result.suite.digest,
        result.task.slug,
        result.dataset.slug,
        result.model.slug,
        result.hardware_class.code,
        result.grade,
        result.scope,
        result.stratum,
        result.device.tag,
        work.dataset_revision,
        work.model_revision,
        work.weights_sha256,
        work.dtype,
        work.batch_size,
        work.parameters,
        result.meter,
        result.session,
        result.started_at,
        result.queries,
        result.window_count,
        result.duration_s,
        result.energy_gross_j,
        result.energy_net_j,
        result.energy_per_query_j,
        result.relative_u,
        result.method_u,
        result.window_u,
        result.mean_power_w,
        result.latency_p50_s,
        result.latency_p95_s,
        result.output_tokens,
        result.input_tokens,
        result.peak_memory_bytes,
        result.quality,
        result.not_scored,
        result.sample_sha256,
        result.inputs_sha256,
        result.outputs_sha256,
        result.times_sha256,
        software.agent_version,
        software.source_sha256,
        LICENCE,
    )


def _why_without_numbers(submission: Submission, *, is_readable: bool) -> str:
    states = [verdict.state for verdict in submission.verdicts.all()]
    if not states:
        return NOT_JUDGED
    return REJECTED if is_readable and State.REJECTED in states else NOT_READABLE


def _ticket_row(submission: Submission) -> Row | None:
    """The ticket of a run that has come; its nonce and seed, which the bundle has too, are then no secret."""
    ticket = submission.ticket
    if ticket is None or ticket.leaf.index is None:
        return None
    job = ticket.job
    return (
        submission.leaf.index,
        submission.pk,
        ticket.pk,
        ticket.leaf.index,
        ticket.key_id,
        ticket.nonce,
        ticket.sample_seed,
        job.suite.digest,
        job.dataset.task.slug,
        job.dataset.slug,
        job.model.slug,
        ticket.device_tag,
        ticket.request_sha256,
        ticket.issued_at,
        ticket.expires_at,
        LICENCE,
    )


def _window_rows(head: tuple[int | None, str], predicate: Predicate) -> list[Row]:
    sensor = predicate.sensor
    return [
        (
            *head,
            number,
            window.start_s,
            window.end_s,
            window.end_s - window.start_s,
            window.queries,
            window.output_tokens,
            None if window.input_tokens is UNSET else window.input_tokens,
            window.energy_gross_j,
            window.energy_net_j,
            sensor.grade,
            sensor.scope,
            LICENCE,
        )
        for number, window in enumerate(predicate.windows)
    ]


def _trace_rows(head: tuple[int | None, str], trace: Trace) -> list[Row]:
    """Sorted as the table's key is."""
    rows: list[Row] = []
    for stream in trace.streams:
        ticks = (from_deltas(stream.t_us), from_deltas(stream.value))
        unit = (stream.scope, stream.unit, stream.joules_per_unit, stream.wraps_at)
        rows.append((*head, "counter", stream.name, *unit, *ticks, LICENCE))
    for gauge in trace.gauges:
        ticks = (from_deltas(gauge.t_us), from_deltas(gauge.value))
        rows.append((*head, "gauge", gauge.name, None, gauge.unit, None, None, *ticks, LICENCE))
    for kind in sorted({span.kind for span in trace.spans}):
        spans = [span for span in trace.spans if span.kind == kind]
        ends = ([span.start_us for span in spans], [span.end_us for span in spans])
        rows.append((*head, "span", kind, None, "us", None, None, *ends, LICENCE))
    for number, (window, queries) in enumerate(zip(trace.windows(), trace.queries, strict=False)):
        ticks = (queries.starts_us(window.start_us), queries.duration_us)
        name = f"window-{number:05}"
        rows.append((*head, "queries", name, None, "us", None, None, *ticks, LICENCE))
    return sorted(rows, key=lambda row: row[:4])
