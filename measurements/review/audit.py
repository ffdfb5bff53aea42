"""Does the log still say what the tables say? Each leaf is compared with the row that it records, and each row."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from joulemark.log import leaf as entries
from joulemark.record.codec import decode
from joulemark.record.envelope import Envelope
from joulemark.record.errors import RecordError
from joulemark.record.receipts import verified_receipt
from measurements.contributors.models import Key
from measurements.intake.models import Submission, Ticket
from measurements.intake.platform_key import announced
from measurements.ledger.audit import log_faults
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.recorded import Recorded, read_rows
from measurements.review.models import Appeal, Moderation, Verdict, Withdrawal

TOGETHER = 500
"""Leaves that are compared at once."""


def faults() -> Iterator[str]:
    """One sentence for each thing that does not fit; none means that log and tables agree."""
    yield from log_faults()
    yield from _row_faults()
    yield from _unlogged()
    yield from _receipt_faults()


def _row_faults() -> Iterator[str]:
    after = 0
    while leaves := list(
        Leaf.objects.filter(pk__gt=after)[:TOGETHER] if after else Leaf.objects.all()[:TOGETHER]
    ):
        found = read_rows(leaves)
        for leaf in leaves:
            yield from _compared(leaf, found.get(leaf.pk))
        after = leaves[-1].pk


def _compared(leaf: Leaf, row: Recorded | None) -> Iterator[str]:
    name = f"Leaf {leaf.pk if leaf.index is None else leaf.index} records a {leaf.get_kind_display().lower()}"
    if row is None:
        yield f"{name}, but that row is gone."
        return
    try:
        entry = entries.decode(leaf.body.encode())
    except RecordError:
        return  # the log's own audit has said so
    if entry.subject != row.subject:
        yield f"{name} of {entry.subject[:12]}, but its row is about {row.subject[:12]}."
    for fact in sorted(entry.facts.keys() | row.facts.keys()):
        said, is_now = entry.facts.get(fact), row.facts.get(fact)
        if said != is_now:
            yield f"{name}; {fact} was {said!r} and is {is_now!r} in the row."


def _unlogged() -> Iterator[str]:
    """Rows that no leaf records."""
    enrolled = Leaf.objects.filter(kind=LeafKind.KEY_ENROLLED).values("subject")
    for key in Key.objects.exclude(pk__in=enrolled):
        yield f"The key {key} was never logged."
    for model, kind in _recorded_by():
        for row in model._default_manager.exclude(leaf__kind=kind):
            yield f"The {model._meta.verbose_name} {row} has the leaf of something else."


def _recorded_by() -> Collection[
    tuple[type[Ticket | Submission | Verdict | Moderation | Withdrawal | Appeal], str]
]:
    return [
        (Ticket, LeafKind.RUN_STARTED),
        (Submission, LeafKind.RESULT_RECEIVED),
        (Verdict, LeafKind.VERDICT),
        (Moderation, LeafKind.MODERATION),
        (Withdrawal, LeafKind.WITHDRAWAL),
        (Appeal, LeafKind.APPEAL),
    ]


def _receipt_faults() -> Iterator[str]:
    public_key = announced().public_key
    for submission in Submission.objects.select_related("leaf").defer("bundle").iterator(chunk_size=100):
        try:
            envelope = decode(bytes(submission.receipt), Envelope, what="receipt")
            receipt = verified_receipt(envelope, result_id=submission.pk, public_key=public_key)
        except RecordError as error:
            yield f"The receipt of result {submission}: {error}"
            continue
        if receipt.leaf_hash != submission.leaf.leaf_hash:
            yield f"The receipt of result {submission} promises another leaf than the one in the log."
