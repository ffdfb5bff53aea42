"""Rows of a range of the log that the database has as they are: entries, verdicts, decisions.

All are streamed by server-side cursors, in the order of the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model

from measurements.ledger.models import Leaf, LeafKind
from measurements.published.terms import LICENCE
from measurements.review.models import Appeal, Moderation, NameDecision, Verdict, Withdrawal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from joulemark.release.layout import LeafRange
    from measurements.releases.table_writer import Row

CHUNK = 2000
T = TypeVar("T", bound=Model)


def event_rows(leaves: LeafRange) -> Iterator[Row]:
    """Rows of `events`. The time is the entry's own, which is the leaf's."""
    rows = Leaf.objects.between(leaves.start, leaves.end).values_list(
        "index", "kind", "subject", "logged_at", "body", "leaf_hash", "pk"
    )
    return ((*row, LICENCE) for row in rows.iterator(CHUNK))


def verdict_rows(leaves: LeafRange) -> Iterator[Row]:
    """Rows of `verdicts`."""
    for verdict in _within(Verdict.objects.all(), leaves).iterator(CHUNK):
        yield (
            verdict.leaf.index,
            verdict.submission_id,
            verdict.state,
            verdict.cause,
            verdict.occasion,
            [finding["code"] for finding in verdict.findings],
            verdict.rules_version,
            verdict.findings,
            verdict.judged_at,
            LICENCE,
        )


def decision_rows(leaves: LeafRange) -> list[Row]:
    """Rows of `decisions`; a range has few of them."""
    rows: list[Row] = []
    what: Row
    for moderation in _within(Moderation.objects.all(), leaves):
        what = (moderation.submission_id, None, moderation.state, moderation.reason, moderation.decided_at)
        rows.append((moderation.leaf.index, LeafKind.MODERATION.value, *what, LICENCE))
    for withdrawal in _within(Withdrawal.objects.all(), leaves):
        what = (withdrawal.submission_id, None, "withdrawn", withdrawal.reason, withdrawal.withdrawn_at)
        rows.append((withdrawal.leaf.index, LeafKind.WITHDRAWAL.value, *what, LICENCE))
    for appeal in _within(Appeal.objects.all(), leaves):
        what = (appeal.submission_id, None, None, None, appeal.filed_at)
        rows.append((appeal.leaf.index, LeafKind.APPEAL.value, *what, LICENCE))
    for named in _within(NameDecision.objects.select_related("hardware_class"), leaves):
        what = (None, named.hardware_class.code, named.state, None, named.decided_at)
        rows.append((named.leaf.index, LeafKind.NAME_DECISION.value, *what, LICENCE))
    return sorted(rows, key=lambda row: row[0])


def _within(rows: QuerySet[T], leaves: LeafRange) -> QuerySet[T]:
    return (
        rows.select_related("leaf")
        .filter(leaf__index__gte=leaves.start, leaf__index__lt=leaves.end)
        .order_by("leaf__index")
    )
