"""Writing to the log. A leaf is written with the change that it records and gets its place afterwards (`sequencer`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import connection, transaction
from django.utils import timezone

from joulemark.log import merkle
from joulemark.log.leaf import LogLeaf, decode
from measurements.concurrency.bulk_insert import insert_rows
from measurements.ledger.facts import RowFacts, entry_facts
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.signals import leaf_written


def hash_leaf(body: bytes) -> str:
    """RFC 6962 leaf hash of `body`, in hex."""
    return merkle.leaf_hash(body).hex()


def append_leaf(*, kind: LeafKind, subject: str, facts: RowFacts, at: datetime | None = None) -> Leaf:
    """Write one leaf and return it, without a place yet. `subject` is a digest or pseudonym; `facts` hold only such.

    Must run inside the transaction of the change that it records: both are kept or neither. Waits for nobody. `at` is
    the change's own time, now when it has none.
    """
    return append_leaves(kind=kind, changes=[(subject, facts)], at=at)[0]


def append_leaves(
    *, kind: LeafKind, changes: Sequence[tuple[str, RowFacts]], at: datetime | None = None
) -> list[Leaf]:
    """As `append_leaf`, for many (subject, facts) of one kind and one time, in their order."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "append_leaf needs the transaction of the change it records."
        )
    transaction.on_commit(_tell)
    logged_at = (at or timezone.now()).astimezone(UTC)
    leaves = [_leaf(kind, subject, facts, logged_at) for subject, facts in changes]
    insert_rows(leaves)
    return leaves


def append_signed_entry(body: bytes) -> Leaf:
    """Append an entry that was promised before, byte for byte: `body` is out of a receipt that was verified."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "append_signed_entry needs the transaction of the change it records."
        )
    transaction.on_commit(_tell)
    entry = decode(body)
    return Leaf.objects.create(
        kind=entry.kind,
        subject=entry.subject,
        body=body.decode(),
        leaf_hash=hash_leaf(body),
        logged_at=entry.at,
    )


def _leaf(kind: LeafKind, subject: str, facts: RowFacts, at: datetime) -> Leaf:
    body = LogLeaf(kind=kind.value, subject=subject, at=at, facts=entry_facts(facts)).encode()
    return Leaf(kind=kind, subject=subject, body=body.decode(), leaf_hash=hash_leaf(body), logged_at=at)


def _tell() -> None:
    leaf_written.send(sender=Leaf)
