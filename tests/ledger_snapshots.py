"""Backups of the log's tables within a test's transaction: taken and put back as a restore of the database does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

TABLES = (
    "ledger_leaf",
    "ledger_checkpoint",
    "ledger_cosignature",
    "ledger_loghead",
    "ledger_loggap",
    "ledger_copystate",
    "ledger_witnessstate",
)
"""In the order in which rows can be put back."""


@dataclass(frozen=True)
class LedgerSnapshot:
    """The rows of each table."""

    rows: dict[str, list[tuple[Any, ...]]]


def take_snapshot() -> LedgerSnapshot:
    """What a backup of the database holds of the log now."""
    rows = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - names above
            rows[table] = cursor.fetchall()
    return LedgerSnapshot(rows)


def restore_snapshot(snapshot: LedgerSnapshot) -> None:
    """Replace the tables by a snapshot, as whoever owns the database can."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - names above
            for row in snapshot.rows[table]:
                marks = ", ".join(["%s"] * len(row))
                cursor.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - names above
        cursor.execute("SET session_replication_role = DEFAULT")
