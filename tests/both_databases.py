"""A test on the other kind of database: an SQLite file, as the embedded platform has, in the place of PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper

from joulemark_site import environment


@contextlib.contextmanager
def sqlite_in_place_of_postgresql(file: Path) -> Iterator[BaseDatabaseWrapper]:
    """Within, this thread's default connection is the SQLite database in `file`, as the embedded platform opens it."""
    before = connections["default"]
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("DATABASE_URL")
        embedded = environment.database("DATABASE_URL", file.parent)
    connections["default"] = sqlite = DatabaseWrapper(
        {**before.settings_dict, "CONN_MAX_AGE": 0, **embedded, "NAME": str(file)}, alias="default"
    )
    try:
        yield sqlite
    finally:
        sqlite.close()
        connections["default"] = before


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """A transaction that leaves nothing behind."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
