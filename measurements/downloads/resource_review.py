"""Resources of what was judged: the evidence of each result, verdicts, contributors and the entries of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import CharField, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Concat

from joulemark.release.tables import Column, table_named
from measurements.catalog.sources import CATALOG
from measurements.contributors.models import Contributor
from measurements.contributors.sources import CONTRIBUTORS
from measurements.display.choices import RESULT_GRADES
from measurements.downloads.resource import Filter, Order, Resource, fields_of, without
from measurements.downloads.resource_columns import (
    HARDWARE,
    LICENCE_OF_ROW,
    hardware_slug,
    named_filter,
)
from measurements.downloads.resource_query import read_number_from, read_one_of
from measurements.downloads.result_filters import result_filters
from measurements.downloads.verdict_codes import VerdictCodes
from measurements.intake.models import JUDGED, State, Submission
from measurements.intake.sources import SUBMISSIONS
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.sources import LEAVES
from measurements.review.models import Verdict
from measurements.review.sources import CREDIT, RESULTS

if TYPE_CHECKING:
    from measurements.downloads.resource import Values

VERDICT_STATES = tuple(word for word, _ in JUDGED if word != State.WITHDRAWN)
NOT_STORED = (
    *("dataset_revision", "model_revision", "weights_sha256", "dtype", "batch_size", "parameters"),
    *("agent_version", "agent_source_sha256", "not_derived"),
)
"""Columns of a release that are read out of the bundle: it is at `bundle_url`."""
OF_RESULT = {
    "suite": "result__suite__name",
    "suite_version": "result__suite__version",
    "suite_digest": "result__suite__digest",
    "task": "result__task__slug",
    "dataset": "result__dataset__slug",
    "model": "result__model__slug",
    "hardware_code": "result__hardware_class__code",
    "hardware": hardware_slug("result__hardware_class__"),
    "device": "result__device__tag",
    "key_id": "key_id",
    "contributor": "key__contributor__pseudonym",
    "leaf_index": "leaf__index",
    "ticket": "ticket_id",
    "licence": LICENCE_OF_ROW,
    "agrees": "result__agreement__agrees",
    "relative": "result__agreement__relative",
    "tolerance": "result__agreement__tolerance",
    "n_others": "result__agreement__n_others",
    "wants_replication": "result__agreement__wants_replication",
}
OWN = ("result_id", "received_at", "trace_sha256", "state")


def _lookups(columns: list[Column]) -> dict[str, Any]:
    """How a submission has the columns of its result."""
    every: dict[str, Any] = {
        column.name: column.name if column.name in OWN else f"result__{column.name}" for column in columns
    }
    return every | OF_RESULT | _of_verdict()


def _of_verdict() -> dict[str, Any]:
    """What the verdict that stands says, by the columns of the evidence."""
    last = Verdict.objects.filter(submission=OuterRef("pk")).order_by("-id")
    return {
        "rules_version": Subquery(last.values("rules_version")[:1]),
        "codes": VerdictCodes(Subquery(last.values("findings")[:1])),
        "findings": Subquery(last.values("findings")[:1]),
        "judged_at": Subquery(last.values("judged_at")[:1]),
        "bundle_url": Concat(
            Value(f"{settings.ORIGIN}/api/v1/results/"),
            "result_id",
            Value("/bundle"),
            output_field=CharField(),
        ),
        "proof_url": Concat(
            Value(f"{settings.ORIGIN}/api/v1/results/"),
            "result_id",
            Value("/proof"),
            output_field=CharField(),
        ),
    }


_STATES_TABLE = table_named("states")
_VERDICTS_TABLE = table_named("verdicts")
EVIDENCE_COLUMNS = [
    *without(table_named("results").columns, *NOT_STORED, "licence"),
    HARDWARE,
    *without(_STATES_TABLE.columns, "result_id", "since", "licence", "codes"),
    Column(
        "rules_version",
        "string",
        "Version of the rules of the verdict that stands; null without one.",
        nullable=True,
    ),
    Column("codes", "list<string>", "Codes of its findings; null without a verdict.", nullable=True),
    Column(
        "findings",
        "json",
        "List of {code, severity, sentence, evidence}; null without a verdict.",
        nullable=True,
    ),
    Column("judged_at", "timestamp", "When it was given; null without one.", nullable=True),
    Column("bundle_url", "string", "Where the bundle's exact bytes are: statement, trace and signature."),
    Column("proof_url", "string", "Where the proof of its place in the log is."),
    _STATES_TABLE.column("licence"),
]


OF_SUBMISSIONS = frozenset({"contributor", "state"})
"""Filters by columns of submissions; all others are by those of the results' own table."""


def _received(values: Values) -> Order:
    """By when a result was received, which stands in both tables and never changes.

    Indexes have what each filter leaves in this order, that of one table or of the other (`review.models.LISTED_BY`).
    """
    source = "received_at" if values.keys() <= OF_SUBMISSIONS else "result__received_at"
    return Order(source=source, kind="time", is_lasting=True)


def _by_time(values: Values) -> tuple[Order, ...]:
    """By that time and the result's id."""
    return (_received(values), Order(source="pk", kind="text", is_descending=True))


EVIDENCE = Resource(
    name="evidence",
    singular="result_evidence",
    description="What the verdict on each result stands on: its numbers, how it agrees with others, every finding, and "
    "where bundle and proof are. In the order of the log, so that new results come last; narrowed by a filter, in that "
    "in which they were received.",
    tag="results",
    fields=fields_of(
        EVIDENCE_COLUMNS,
        _lookups(EVIDENCE_COLUMNS),
        choices={"grade": RESULT_GRADES, "state": State.choices},
    ),
    rows=lambda: Submission.objects.filter(leaf__kind=LeafKind.RESULT_RECEIVED, leaf__index__isnull=False),
    key=(Order(source="leaf__index", kind="int"),),
    key_of_narrowed=_by_time,
    filters=result_filters(version="suite_version"),
    sorts={"received": _received},
    find=lambda rows, result_id: rows.filter(pk=result_id),
    sources=(CATALOG, CONTRIBUTORS, LEAVES, RESULTS, SUBMISSIONS),
)

VERDICTS = Resource(
    name="verdicts",
    singular="verdict",
    description="Every verdict of the rules, in the order of the log; narrowed by a filter, in that in which they were "
    "given. A result that is judged again keeps the former ones; the last stands.",
    tag="results",
    fields=fields_of(
        _VERDICTS_TABLE.columns,
        {
            "leaf_index": "leaf__index",
            "result_id": "submission_id",
            "codes": VerdictCodes("findings"),
            "licence": LICENCE_OF_ROW,
        },
        choices={"state": VERDICT_STATES},
    ),
    rows=lambda: Verdict.objects.filter(leaf__kind=LeafKind.VERDICT, leaf__index__isnull=False),
    key=(Order(source="leaf__index", kind="int"),),
    key_of_narrowed=lambda _: (Order(source="pk", kind="int"),),
    filters=(
        named_filter("result_id", "Of one result.", lambda word: Q(submission=word), is_free=True),
        named_filter("rules_version", "Version of the rules.", lambda word: Q(rules_version=word)),
        Filter(
            name="state",
            read=read_one_of(VERDICT_STATES),
            description="What the verdict says.",
            condition=lambda word: Q(state=word),
            choices=VERDICT_STATES,
        ),
    ),
    find=lambda rows, leaf_index: rows.filter(leaf__index=leaf_index),
    sources=(LEAVES, RESULTS),
)

CONTRIBUTORS_LIST = Resource(
    name="contributors",
    singular="contributor",
    description="Who sends, by pseudonym, and how often their results agree with those of others.",
    fields=fields_of(
        table_named("contributors").columns,
        {
            "contributor": "pseudonym",
            "enrolled_at": "created_at",
            "licence": LICENCE_OF_ROW,
            **{name: Coalesce(f"standing__{name}", 0) for name in ("in_a_row", "agreed", "disagreed")},
        },
    ),
    rows=Contributor.objects.all,
    key=(Order(source="pk", kind="int"),),
    sorts={
        "agreed": lambda _: Order(source=Coalesce("standing__agreed", 0), kind="int"),
        "in_a_row": lambda _: Order(source=Coalesce("standing__in_a_row", 0), kind="int"),
    },
    find=lambda rows, pseudonym: rows.filter(pseudonym=pseudonym),
    sources=(CONTRIBUTORS, CREDIT),
)

LEAF_KINDS = tuple(LeafKind.values)
LOG_ENTRIES = Resource(
    name="log_entries",
    singular="log_entry",
    description="Every entry of the log in its order, with the exact JSON that is hashed.",
    fields=fields_of(
        table_named("events").columns,
        {
            "leaf_index": "index",
            "at": "logged_at",
            "statement": "body",
            "written": F("id"),
            "licence": LICENCE_OF_ROW,
        },
    ),
    rows=lambda: Leaf.objects.filter(index__isnull=False),
    key=(Order(source="index", kind="int"),),
    filters=(
        Filter(
            name="kind",
            read=read_one_of(LEAF_KINDS),
            description="What the entry records.",
            condition=lambda word: Q(kind=word),
            choices=LEAF_KINDS,
        ),
        named_filter(
            "subject",
            "Whom or what it is about: a digest or a pseudonym.",
            lambda word: Q(subject=word),
            is_free=True,
        ),
        Filter(
            name="from_index",
            read=read_number_from(0),
            description="First place in the log.",
            condition=lambda least: Q(index__gte=least),
            is_free=True,
        ),
    ),
    find=lambda rows, leaf_index: rows.filter(index=leaf_index),
    sources=(LEAVES,),
)
