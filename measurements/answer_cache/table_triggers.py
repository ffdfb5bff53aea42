"""Triggers that count the changes of tables: whoever writes, by whatever way, cannot forget it.

They are put on after migrations and not by one: SQLite makes a table anew to alter it, and drops what hangs on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from measurements.answer_cache.models import TableVersion
from measurements.answer_cache.sources import versioned_tables

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper

VERSIONS = TableVersion._meta.db_table
TRIGGER = "answer_cache_version"
SETTING = "answer_cache."
"""With a table's name behind it: how many of its changes the transaction has counted."""
SQLITE_VERBS: tuple[str, ...] = ("INSERT", "UPDATE", "DELETE")

# Only the first change of a transaction is written: later ones would make a chain of dead rows that each reads
# through. They are counted in a setting of the transaction, for readers within it, and nobody else sees them before it
# ends. A savepoint that is rolled back takes both back.
POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION {schema}.answer_cache_count_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  setting text := '{setting}' || TG_TABLE_NAME;
  counted text := nullif(current_setting(setting, true), '');
BEGIN
  PERFORM set_config(setting, (coalesce(counted, '0')::bigint + 1)::text, true);
  IF counted IS NOT NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO {schema}.{versions} AS known (table_name, writer, version)
  VALUES (TG_TABLE_NAME, pg_backend_pid(), floor(extract(epoch FROM clock_timestamp()) * 1000) - 1767225600000)
  ON CONFLICT (table_name, writer) DO UPDATE SET version = greatest(known.version + 1, excluded.version);
  RETURN NULL;
END $$
"""
POSTGRESQL_TRIGGER = """
CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.answer_cache_count_change()
"""
POSTGRESQL_PRESENT = """
SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE tgname = %s AND tgenabled <> 'D' AND relnamespace = current_schema()::regnamespace
"""
# An upsert in a trigger would obey the OR IGNORE of the statement around it.
SQLITE_TRIGGER = """
CREATE TRIGGER IF NOT EXISTS {trigger}_{table}_{verb} AFTER {verb} ON {table} BEGIN
  INSERT INTO {versions} (table_name, writer, version)
    SELECT '{table}', 0, 0 WHERE NOT EXISTS (SELECT 1 FROM {versions} WHERE table_name = '{table}' AND writer = 0);
  UPDATE {versions}
    SET version = max(version + 1, CAST((julianday('now') - 2461041.5) * 86400000 AS INTEGER))
    WHERE table_name = '{table}' AND writer = 0;
END
"""
SQLITE_PRESENT = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    """Put triggers on the tables of every source that lack one, as far as the tables are there yet."""
    with connection.cursor() as cursor:
        tables = {table.name for table in connection.introspection.get_table_list(cursor)}
        if VERSIONS not in tables:
            return
        template, verbs = SQLITE_TRIGGER, SQLITE_VERBS
        schema = ""
        if connection.vendor == "postgresql":
            template, verbs = POSTGRESQL_TRIGGER, ("",)
            cursor.execute("SELECT quote_ident(current_schema())")
            schema = cursor.fetchone()[0]
            cursor.execute(POSTGRESQL_FUNCTION.format(schema=schema, versions=VERSIONS, setting=SETTING))
        for table in tables_without_trigger(connection):
            if table in tables:
                for verb in verbs:
                    names = {"schema": schema, "trigger": TRIGGER, "table": table, "verb": verb}
                    cursor.execute(template.format(versions=VERSIONS, **names))


def tables_without_trigger(connection: BaseDatabaseWrapper) -> list[str]:
    """The tables of sources whose changes are not counted, in order."""
    with connection.cursor() as cursor:
        present = _present(cursor, connection.vendor)
    return [table for table in versioned_tables() if table not in present]


def _present(cursor: CursorWrapper, vendor: str) -> set[Any]:
    if vendor == "postgresql":
        cursor.execute(POSTGRESQL_PRESENT, [TRIGGER])
        return {name for (name,) in cursor.fetchall()}
    cursor.execute(SQLITE_PRESENT, [f"{TRIGGER}_%"])
    names = [name for (name,) in cursor.fetchall()]
    return {name for name in names if names.count(name) == len(SQLITE_VERBS)}
