"""The moment that a release shows: a checkpoint that covers all that the tables say, and the tables of then."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from measurements.boards.models import Cell, DueRefresh
from measurements.boards.part_storage import part_states, parts_behind
from measurements.boards.services import refresh_due_cells, refresh_stale_cells
from measurements.ledger.models import Checkpoint, Leaf, LogHead
from measurements.ledger.sequencer import sequence
from measurements.review.due_cells import DueComparison
from measurements.review.replication import compare_due

if TYPE_CHECKING:
    from collections.abc import Iterator

ATTEMPTS = 100
FRESH_ATTEMPTS = 10
"""Of these, as many look for a moment at which no cell, rank or comparison waits to be computed anew."""
PAUSE_S = 0.2
MAX_CELLS = 10_000
"""Marked cells that are compared before a moment is looked for."""


class NoQuietMoment(Exception):
    """The log got new entries faster than they were signed; `str(error)` says what to do."""


@contextmanager
def quiet_moment() -> Iterator[Checkpoint]:
    """As `reading` at a moment in which the last checkpoint covers every entry. Raises NoQuietMoment.

    Every change of a result, verdict or key writes its entry in the same transaction, so tables and log then say the
    same.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_S)
        if attempt < FRESH_ATTEMPTS:
            _refresh_what_is_due()
        sequence()
        with reading():
            last = Checkpoint.objects.last()
            is_covered = not Leaf.objects.waiting().exists()
            may_be_due = attempt >= FRESH_ATTEMPTS - 1
            if not may_be_due and _is_anything_due():  # under a stream of results something always is
                continue
            if last is not None and is_covered and LogHead.objects.get().size == last.size:
                yield last
                return
    raise NoQuietMoment(
        f"In {ATTEMPTS * PAUSE_S:.0f} s there was no moment in which the last checkpoint covered all entries of the "
        "log. What is written so far is kept: publish again when fewer results come in, or see why the log signs "
        "nothing (manage.py sequence_log)."
    )


@contextmanager
def reading() -> Iterator[None]:
    """A transaction that sees one moment, writes nothing, and lasts as long as files are written of it.

    What others commit is not seen within, and no writer waits for it: SQLite's transactions elsewhere take the lock of
    the one writer at once. Inside a transaction of the caller it is that one which decides what is seen.
    """
    is_outermost = not connection.in_atomic_block
    connection.ensure_connection()
    database: Any = connection
    mode = getattr(database, "transaction_mode", None)
    if connection.vendor == "sqlite":
        database.transaction_mode = "DEFERRED"
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql" and is_outermost:
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                    # between two statements a large file may be on its way to a bucket
                    cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield
    finally:
        if connection.vendor == "sqlite":
            database.transaction_mode = mode


def _refresh_what_is_due() -> None:
    """Compare and compute what is marked and what is behind its cells, as workers do.

    Values are then those of the results beside them, ranks and comparisons those of the values.
    """
    compare_due(most=MAX_CELLS)
    refresh_due_cells()
    refresh_stale_cells()


def _is_anything_due() -> bool:
    return (
        DueComparison.objects.exists()
        or DueRefresh.objects.exists()
        or bool(parts_behind(part_states(Cell.objects.all())))
    )
