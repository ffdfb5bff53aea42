"""Appending to the log."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from measurements.ledger.models import Leaf, LeafKind, LogHead

LEAF_PREFIX = b"\x00"
"""Domain separation of leaves from inner nodes (RFC 6962, section 2.1)."""


def hash_leaf(body: bytes) -> str:
    """RFC 6962 leaf hash of `body`, in hex."""
    return hashlib.sha256(LEAF_PREFIX + body).hexdigest()


def append_leaf(*, kind: LeafKind, subject: str, facts: dict[str, str | int | list[str]]) -> Leaf:
    """Append one leaf and return it. `subject` is a digest or pseudonym (hex); `facts` hold only digests and codes.

    Must run inside the transaction of the change that it records: both are kept or neither. Appends queue on the head's
    row lock until that transaction ends, which is what makes the index free of gaps.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "append_leaf needs the transaction of the change it records."
        )
    now = timezone.now()
    index = _next_index()
    body = _body(index=index, kind=kind, subject=subject, at=now, facts=facts)
    return Leaf.objects.create(
        index=index, kind=kind, subject=subject, body=body.decode(), leaf_hash=hash_leaf(body), logged_at=now
    )


def _body(
    *, index: int, kind: LeafKind, subject: str, at: datetime, facts: dict[str, str | int | list[str]]
) -> bytes:
    entry = {"version": 1, "index": index, "kind": kind.value, "subject": subject, "at": at, "facts": facts}
    return msgspec.json.encode(entry, order="deterministic")


def _next_index() -> int:
    table = connection.ops.quote_name(LogHead._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET size = size + 1 WHERE id = 1 RETURNING size - 1")  # noqa: S608 - a table name
        row = cursor.fetchone()
    if row is None:
        raise LogHead.DoesNotExist("The log has no head row: run `python manage.py migrate`.")
    return int(row[0])
