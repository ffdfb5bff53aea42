"""The list of results as files: every received result in every state, with the names of the API's list of results."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Case, CharField, OuterRef, Subquery, TextField, Value, When
from django.db.models.functions import Coalesce, Concat, Substr

from joulemark.release.tables import Column, table_named
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.display.choices import RESULT_GRADES
from measurements.downloads.resource import Order, Resource, fields_of
from measurements.downloads.resource_columns import (
    HARDWARE,
    LICENCE_OF_ROW,
    hardware_slug,
)
from measurements.downloads.result_filters import result_filters
from measurements.downloads.verdict_codes import VerdictCodes
from measurements.intake.models import State, Submission
from measurements.intake.sources import SUBMISSIONS
from measurements.ledger.sources import LEAVES
from measurements.review.models import Verdict
from measurements.review.sources import JUDGED_RESULTS
from measurements.web.addresses import SHORT_DIGITS

RESULTS_TABLE = table_named("results")
NUMBERS = (
    "meter", "session", "started_at", "queries", "window_count", "duration_s", "energy_gross_j", "energy_net_j",
    "energy_per_query_j", "latency_p50_s", "latency_p95_s", "output_tokens", "input_tokens", "relative_u",
    "peak_memory_bytes",
)  # fmt: skip
"""Columns of a release's results that stand in a result's row, null while it has none."""


def text(name: str, description: str) -> Column:
    """A column of words, null while a result has no numbers."""
    return Column(name, "string", description, nullable=True)


COLUMNS = (
    RESULTS_TABLE.column("result_id"),
    Column("state", "string", "Where the result stands."),
    Column("codes", "list<string>", "Codes of the verdict that stands; none before there is one."),
    RESULTS_TABLE.column("received_at"),
    RESULTS_TABLE.column("contributor"),
    text("suite", "Suite with its version, as in a board's address."),
    *(RESULTS_TABLE.column(name) for name in ("task", "dataset", "model")),
    HARDWARE,
    *(RESULTS_TABLE.column(name) for name in ("grade", "scope", "stratum", *NUMBERS)),
    Column("leaf_index", "int64", "Index of its entry in the log; null until it has one.", nullable=True),
    Column("rules_version", "string", "Version of the rules of the verdict that stands.", nullable=True),
    Column("bundle_url", "string", "Where the bundle's exact bytes are."),
    Column("page_url", "string", "The page of the result with its evidence."),
    Column("short_url", "string", "A short address that leads there."),
    RESULTS_TABLE.column("licence"),
)


def _address(start: str, end: str = "", *, digits: int = 64) -> Concat:
    part = Substr("result_id", 1, digits) if digits < 64 else "result_id"
    return Concat(Value(f"{settings.ORIGIN}{start}"), part, Value(end), output_field=CharField())


def _sources() -> dict[str, Any]:
    last = Verdict.objects.filter(submission=OuterRef("pk")).order_by("-id")
    of_result = {name: f"result__{name}" for name in ("grade", "scope", "stratum", *NUMBERS)}
    return of_result | {
        "codes": VerdictCodes(
            Coalesce(Subquery(last.values("findings")[:1]), Value("[]"), output_field=TextField())
        ),
        "contributor": "key__contributor__pseudonym",
        "suite": Case(
            When(
                result__isnull=False,
                then=Concat("result__suite__name", Value("-"), "result__suite__version"),
            ),
            output_field=CharField(),
        ),
        "task": "result__task__slug",
        "dataset": "result__dataset__slug",
        "model": "result__model__slug",
        "hardware": hardware_slug("result__hardware_class__"),
        "leaf_index": "leaf__index",
        "rules_version": Subquery(last.values("rules_version")[:1]),
        "bundle_url": _address("/api/v1/results/", "/bundle"),
        "page_url": _address("/results/", "/"),
        "short_url": _address("/r/", digits=SHORT_DIGITS),
        "licence": LICENCE_OF_ROW,
    }


RESULTS_LIST = Resource(
    name="results",
    singular="result",
    description="Every received result in every state, in the order in which they came.",
    tag="results",
    fields=fields_of(COLUMNS, _sources(), choices={"grade": RESULT_GRADES, "state": State.choices}),
    rows=Submission.objects.all,
    key=(
        Order(source="received_at", kind="time"),
        Order(source="result_id", kind="text", is_descending=True),
    ),
    filters=result_filters(version="version"),
    sources=(CATALOG, CONTRIBUTORS, JUDGED_RESULTS, LEAVES, SUBMISSIONS),
)
"""Its files alone have addresses of their own; its pages are those of `api_results`, latest first."""
