"""PostgreSQL's advisory locks: numbers that one transaction or one session at a time holds.

SQLite has one writer: there a transaction that writes is alone, and waits for nobody here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connection

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

LOCK_UNTIL_COMMIT = "SELECT pg_advisory_xact_lock(lock) FROM unnest(%s::bigint[]) AS lock"


def lock_until_commit(keys: Iterable[int], *, cursor: CursorWrapper | None = None) -> None:
    """Wait until no other transaction holds one of `keys`, and hold them until this one ends.

    They are asked for in one order, so that no two wait for each other. In a pipeline, `cursor` is one that stays open.
    """
    if connection.vendor != "postgresql":
        return
    if cursor is not None:
        cursor.execute(LOCK_UNTIL_COMMIT, [sorted(keys)])
        return
    with connection.cursor() as own:
        own.execute(LOCK_UNTIL_COMMIT, [sorted(keys)])


@contextmanager
def session_lock(key: int, *, waits: bool = False) -> Iterator[bool]:
    """Whether no other session holds `key`; if so, none gets it before the block ends or this process dies.

    `waits` until that is so. For PostgreSQL alone: elsewhere there is no such lock.
    """
    with connection.cursor() as cursor:
        if waits:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
            is_first = True
        else:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
            is_first = bool(cursor.fetchone()[0])
    try:
        yield is_first
    finally:
        with suppress(InterfaceError, OperationalError), connection.cursor() as cursor:
            if is_first:  # a connection that is gone has given the lock back already
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def alone(key: int) -> AbstractContextManager[bool]:
    """Whether no other process does what `key` stands for, where several can.

    A platform on SQLite does its periodic work in the threads of one process, each kind in one: there it is always so.
    """
    return session_lock(key) if connection.vendor == "postgresql" else nullcontext(enter_result=True)


@contextmanager
def session_locks(keys: Iterable[int]) -> Iterator[set[int]]:
    """As `session_lock` for many keys in one question: those of `keys` that no other session held."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lock FROM unnest(%s::bigint[]) AS lock WHERE pg_try_advisory_lock(lock)", [sorted(keys)]
        )
        ours = {row[0] for row in cursor.fetchall()}
    try:
        yield ours
    finally:
        with suppress(InterfaceError, OperationalError), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_unlock(lock) FROM unnest(%s::bigint[]) AS lock", [sorted(ours)]
            )


def key_of(subject: str) -> int:
    """The key of a lock that is named by a text: 64 bits of its digest, as the signed number that PostgreSQL takes."""
    return int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8], signed=True)
