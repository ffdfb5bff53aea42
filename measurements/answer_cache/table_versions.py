"""The versions of tables, in one query: equal versions before and after mean that nothing has changed between.

A version is read in a transaction of its own or in that of the reader. It rises with the commit of a change and not
before, so whoever sees the change sees the version too.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db import connection
from psycopg.pq import ExecStatus, TransactionStatus

from measurements.answer_cache.models import TableVersion
from measurements.answer_cache.table_triggers import SETTING, tables_without_trigger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from django.http import HttpRequest
    from psycopg.pq.abc import PGconn

logger = logging.getLogger(__name__)

TABLE = TableVersion._meta.db_table
READ = {
    "postgresql": f"""
        SELECT string_agg(concat_ws('.', table_name || '=' || version,
                                    nullif(current_setting('{SETTING}' || table_name, true), '')), ' ')
        FROM (SELECT table_name, sum(version) AS version FROM {TABLE} GROUP BY table_name ORDER BY table_name) AS known
    """,  # noqa: S608 - names of our own
    "sqlite": f"""
        SELECT group_concat(table_name || '=' || version, ' ')
        FROM (SELECT table_name, CAST(sum(version) AS text) AS version FROM {TABLE} GROUP BY table_name)
    """,  # noqa: S608 - the same
}
# It waits for no writer: a process that has just got the number of one that has ended keeps its rows.
FOLD = f"""
WITH ended AS (
  SELECT table_name, writer FROM {TABLE}
  WHERE writer <> 0 AND writer NOT IN (SELECT pid FROM pg_stat_activity)
  ORDER BY table_name, writer FOR UPDATE SKIP LOCKED
), removed AS (
  DELETE FROM {TABLE} AS row USING ended
  WHERE row.table_name = ended.table_name AND row.writer = ended.writer
  RETURNING row.table_name, row.version
)
INSERT INTO {TABLE} AS known (table_name, writer, version)
SELECT table_name, 0, sum(version) FROM removed GROUP BY table_name ORDER BY table_name
ON CONFLICT (table_name, writer) DO UPDATE SET version = known.version + excluded.version
"""  # noqa: S608 - a name of our own
MEMO = "table_versions"
_of_answer: ContextVar[Mapping[str, str] | None] = ContextVar("versions_of_answer", default=None)
"""The versions that the answer which is being computed was asked for with."""
STATEMENT = b"answer_cache_versions"
"""Its name on a connection."""

_prepared = threading.local()
"""The connection of each thread that knows the statement."""
_counting: dict[str, bool] = {}
"""By the name of a database, whether all tables of sources count their changes there."""


def read_versions() -> dict[str, str] | None:
    """The version of each table that has ever changed; None where a table of a source does not count its changes."""
    if not _counts_changes():
        return None
    with connection.cursor() as cursor:
        cursor.execute(READ[connection.vendor])
        (text,) = cursor.fetchone()
    return _parsed(text or "")


def read_versions_directly() -> dict[str, str] | None:
    """What `read_versions` returns, by the driver's own call where the connection is there and idle: half the time.

    For a request that is answered without Django. Anything unusual is read in the usual way, which says what is wrong.
    """
    text = _text_directly() if connection.vendor == "postgresql" and _counts_changes() else None
    return read_versions() if text is None else _parsed(text)


def _text_directly() -> str | None:
    """The result of the statement, prepared once for each connection; None where this call cannot have it."""
    if connection.connection is None:
        return None
    server: PGconn = connection.connection.pgconn
    if server.transaction_status != TransactionStatus.IDLE:
        return None
    if getattr(_prepared, "server", None) is not server:
        if server.prepare(STATEMENT, READ["postgresql"].encode()).status != ExecStatus.COMMAND_OK:
            return None
        _prepared.server = server
    result = server.exec_prepared(STATEMENT, [])
    return (result.get_value(0, 0) or b"").decode() if result.status == ExecStatus.TUPLES_OK else None


@lru_cache(maxsize=8)
def _parsed(text: str) -> dict[str, str]:
    """The versions by table; the same object while nothing changes, which nobody may write into."""
    return dict(entry.split("=") for entry in text.split(" ") if entry)


def versions_at(request: HttpRequest) -> Mapping[str, str] | None:
    """The versions as this request has found them: read once, before anything that it shows."""
    if not hasattr(request, MEMO):
        setattr(request, MEMO, read_versions())
    versions: Mapping[str, str] | None = getattr(request, MEMO)
    return versions


@contextmanager
def answering_with(versions: Mapping[str, str]) -> Iterator[None]:
    """Within the block an answer is computed whose request has found these versions, before it read anything else."""
    token = _of_answer.set(versions)
    try:
        yield
    finally:
        _of_answer.reset(token)


def versions_before() -> Mapping[str, str] | None:
    """Versions that were read before whatever the caller reads next: those of the answer, else as they are now."""
    versions = _of_answer.get()
    return read_versions() if versions is None else versions


def versions_of(tables: Iterable[str], versions: Mapping[str, str]) -> tuple[str, ...]:
    """The versions of some tables, in their order; of one that has never changed `-`."""
    return tuple(versions.get(table, "-") for table in tables)


def fold_versions() -> None:
    """Add the numbers of writers that have ended to one row a table, so that rows stay few; no sum changes."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(FOLD)


def _counts_changes() -> bool:
    database = str(connection.settings_dict["NAME"])
    if database not in _counting:
        lacking = tables_without_trigger(connection)
        if lacking:
            logger.error(
                "JM-TRIGGERS-MISSING no answer is kept: the tables %s do not count their changes; run "
                "`manage.py prepare`, which puts their triggers on, and start the platform again.",
                ", ".join(lacking),
            )
        _counting[database] = not lacking
    return _counting[database]
