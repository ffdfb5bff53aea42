"""Triggers that count the changes of tables: whoever writes, by whatever way, cannot forget it.

They are put on after migrations and not by one: SQLite makes a table anew to alter it, and drops what hangs on it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from measurements.answer_cache.models import TableVersion
from measurements.answer_cache.sources import CHANGES, versioned_tables

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper

VERSIONS = TableVersion._meta.db_table
TRIGGER = "answer_cache_version"
SETTING = "answer_cache."
"""With a table's name behind it: when the transaction changed it last, in microseconds."""

# Only the first change of a transaction is written: later ones would make a chain of dead rows that each reads
# through. A setting of the transaction tells readers within it of them, and nobody else sees them before it ends. A
# savepoint that is rolled back takes both back; the setting is a time, so that what follows has another one.
POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION {schema}.answer_cache_count_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  setting text := '{setting}' || TG_TABLE_NAME;
  counted text := nullif(current_setting(setting, true), '');
BEGIN
  PERFORM set_config(setting, greatest(coalesce(counted, '0')::bigint + 1,
    floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint)::text, true);
  IF counted IS NOT NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO {schema}.{versions} AS known (table_name, writer, version)
  VALUES (TG_TABLE_NAME, pg_backend_pid(), floor(extract(epoch FROM clock_timestamp()) * 1000) - 1767225600000)
  ON CONFLICT (table_name, writer) DO UPDATE SET version = greatest(known.version + 1, excluded.version);
  RETURN NULL;
END $$
"""
POSTGRESQL_DROP = "DROP TRIGGER IF EXISTS {trigger} ON {table}"
POSTGRESQL_TRIGGER = """
CREATE TRIGGER {trigger} AFTER {changes} OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.answer_cache_count_change()
"""
POSTGRESQL_PRESENT = """
SELECT relname, change FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
JOIN (VALUES ('INSERT', 4), ('DELETE', 8), ('UPDATE', 16)) AS known (change, bit) ON tgtype & bit <> 0
WHERE tgname = %s AND tgenabled <> 'D' AND relnamespace = current_schema()::regnamespace
"""
SQLITE_DROP = "DROP TRIGGER IF EXISTS {trigger}_{table}_{change}"
# An upsert in a trigger would obey the OR IGNORE of the statement around it.
SQLITE_TRIGGER = """
CREATE TRIGGER {trigger}_{table}_{change} AFTER {change} ON {table} BEGIN
  INSERT INTO {versions} (table_name, writer, version)
    SELECT '{table}', 0, 0 WHERE NOT EXISTS (SELECT 1 FROM {versions} WHERE table_name = '{table}' AND writer = 0);
  UPDATE {versions}
    SET version = max(version + 1, CAST((julianday('now') - 2461041.5) * 86400000 AS INTEGER))
    WHERE table_name = '{table}' AND writer = 0;
END
"""
SQLITE_PRESENT = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    """Have every table of a source count what it is to count, and nothing else, as far as tables are there yet."""
    with connection.cursor() as cursor:
        tables = {table.name for table in connection.introspection.get_table_list(cursor)}
        if VERSIONS not in tables:
            return
        schema = ""
        if connection.vendor == "postgresql":
            cursor.execute("SELECT quote_ident(current_schema())")
            schema = cursor.fetchone()[0]
            cursor.execute(POSTGRESQL_FUNCTION.format(schema=schema, versions=VERSIONS, setting=SETTING))
        present = _present(cursor, connection.vendor)
        for table, changes in versioned_tables().items():
            if table in tables and present[table] != set(changes):
                names = {"schema": schema, "trigger": TRIGGER, "table": table, "versions": VERSIONS}
                _replace(cursor, connection.vendor, names, changes)


def _replace(cursor: CursorWrapper, vendor: str, names: Mapping[str, str], changes: Collection[str]) -> None:
    if vendor == "postgresql":
        cursor.execute(POSTGRESQL_DROP.format(**names))
        cursor.execute(POSTGRESQL_TRIGGER.format(**names, changes=" OR ".join(changes)))
        return
    for change in CHANGES:
        cursor.execute(SQLITE_DROP.format(**names, change=change))
        if change in changes:
            cursor.execute(SQLITE_TRIGGER.format(**names, change=change))


def tables_without_trigger(connection: BaseDatabaseWrapper) -> list[str]:
    """The tables of sources some of whose changes are not counted, in order."""
    with connection.cursor() as cursor:
        present = _present(cursor, connection.vendor)
    return [table for table, changes in versioned_tables().items() if not present[table].issuperset(changes)]


def _present(cursor: CursorWrapper, vendor: str) -> defaultdict[str, set[str]]:
    """The statements that each table counts."""
    if vendor == "postgresql":
        cursor.execute(POSTGRESQL_PRESENT, [TRIGGER])
    else:
        cursor.execute(SQLITE_PRESENT, [f"{TRIGGER}_%"])
    present: defaultdict[str, set[str]] = defaultdict(set)
    for table, change in cursor.fetchall():
        present[table].add(change.rpartition("_")[2])
    return present
