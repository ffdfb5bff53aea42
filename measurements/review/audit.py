"""Does the log still say what the tables say? Compares every leaf with its hash and with the row that it records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from measurements.intake.models import Submission, Ticket
from measurements.ledger.models import Leaf, LeafKind, LogHead
from measurements.ledger.services import hash_leaf
from measurements.review.models import Moderation, Verdict


def faults() -> Iterator[str]:
    """One sentence for each thing that does not fit; none means that log and tables agree."""
    yield from _leaf_faults()
    yield from _missing(LeafKind.RESULT_RECEIVED, set(Submission.objects.values_list("leaf_id", flat=True)))
    yield from _missing(LeafKind.RUN_STARTED, set(Ticket.objects.values_list("leaf_id", flat=True)))
    yield from _missing(LeafKind.VERDICT, set(Verdict.objects.values_list("leaf_id", flat=True)))
    yield from _missing(LeafKind.MODERATION, set(Moderation.objects.values_list("leaf_id", flat=True)))
    yield from _bundle_faults()


def _leaf_faults() -> Iterator[str]:
    expected = 0
    for leaf in Leaf.objects.order_by("index").iterator():
        if leaf.index != expected:
            yield f"Leaf {expected} is missing: the next one is {leaf.index}."
            expected = leaf.index
        expected += 1
        body = leaf.body.encode()
        if hash_leaf(body) != leaf.leaf_hash:
            yield f"The hash of leaf {leaf.index} does not fit its body."
        entry = msgspec.json.decode(body)
        if (entry["index"], entry["kind"], entry["subject"]) != (leaf.index, leaf.kind, leaf.subject):
            yield f"The columns of leaf {leaf.index} do not say what its body says."
    size = LogHead.objects.get().size
    if size != expected:
        yield f"The head counts {size} leaves; there are {expected}."


def _missing(kind: LeafKind, recorded: set[int]) -> Iterator[str]:
    for index in Leaf.objects.filter(kind=kind).exclude(index__in=recorded).values_list("index", flat=True):
        yield f"Leaf {index} records a {kind.label.lower()}, but that row is gone."


def _bundle_faults() -> Iterator[str]:
    for submission in Submission.objects.select_related("leaf").iterator(chunk_size=100):
        if hashlib.sha256(bytes(submission.bundle)).hexdigest() != submission.result_id:
            yield f"The bundle of result {submission.result_id[:12]} is not the one that was received."
        if submission.leaf.subject != submission.result_id:
            yield f"The leaf of result {submission.result_id[:12]} is about another result."
