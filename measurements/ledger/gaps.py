"""Gaps that restores left in the rows behind the log: the facts of their leaves, and who must look for lost rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from measurements.ledger.facts import RowFacts
from measurements.ledger.log_facts import Recorded, register
from measurements.ledger.models import Leaf, LeafKind, LogGap


def gap_facts(gap: LogGap) -> RowFacts:
    """The facts of a gap for the log: an auditor reads from them which rows may be missing."""
    return {"start": gap.start, "end": gap.end, "start_root": gap.start_root, "at": gap.resumed_at}


def read_gaps(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Gaps as they are now; the subject is the root of the checkpoint that was signed last before."""
    rows = LogGap.objects.filter(leaf__in=leaves)
    return {row.leaf_id: Recorded(row.end_root, gap_facts(row)) for row in rows}


def leaves_in_gaps(kind: LeafKind, subjects: Iterable[str]) -> dict[str, Leaf]:
    """By subject the leaf of this kind whose row a restore may have lost; empty while nothing was ever restored."""
    gaps = list(LogGap.objects.values_list("start", "end"))
    if not gaps:
        return {}
    leaves = Leaf.objects.filter(kind=kind, subject__in=list(subjects), index__isnull=False).order_by("-id")
    return {
        leaf.subject: leaf for leaf in leaves if any(start <= (leaf.index or 0) < end for start, end in gaps)
    }


def register_readers() -> None:
    """Register the reader of the row behind a resumption."""
    register(LeafKind.LOG_RESUMED, read_gaps)
