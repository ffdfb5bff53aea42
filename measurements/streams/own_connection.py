"""A connection to the database that belongs to one stream: a slow reader holds it and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

DATABASE = "default"


def open_own_connection() -> BaseDatabaseWrapper:
    """A new connection to the platform's database, that any thread may close. Raises django.db.OperationalError."""
    own = connections[DATABASE].copy()
    own.inc_thread_sharing()
    own.connect()
    return own
