"""Many rows of the platform's tables at once: copies of a template row with some columns of their own, in plain SQL."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

LIKE = "_like"
"""How Django ends the name of an index for prefixes of a text, beside the one for the text itself."""


def copy_rows(
    cursor: Any, model: Any, template: str, own: Mapping[str, str], numbers: str, join: str = ""
) -> None:
    """Insert a copy of the first row of the table `template` for each row of `numbers` and `join`, SQL after FROM.

    `own` has an expression for each column that is not copied.
    """
    names = [field.column for field in model._meta.concrete_fields]
    chosen = ", ".join(own.get(name, f't."{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {chosen} "  # noqa: S608 - our own names
        f"FROM {numbers} {join} CROSS JOIN (SELECT * FROM {template} LIMIT 1) t"
    )


def drop_indexes(cursor: Any, table: str, *, kept: Collection[str]) -> None:
    """Drop a table's indexes, unique and foreign keys but for those in `kept`."""
    for name in _constraints(cursor, table, "uf"):
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{name}" CASCADE')
    for name in _indexes(cursor, table):
        if name not in kept:
            cursor.execute(f'DROP INDEX IF EXISTS "{name}"')


@contextmanager
def indexed_afterwards(
    cursor: Any, tables: Collection[str], *, prefixes_of: Collection[str]
) -> Iterator[None]:
    """Within, tables have no index but their primary keys; afterwards the same ones as before.

    Of indexes for prefixes only those of the tables in `prefixes_of` come back.
    """
    unique = [(table, name, of) for table in tables for name, of in _constraints(cursor, table, "u").items()]
    for table, name, _ in unique:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    indexes = [(table, name, of) for table in tables for name, of in _indexes(cursor, table).items()]
    primary = {name for table in tables for name in _constraints(cursor, table, "p")}
    indexes = [entry for entry in indexes if entry[1] not in primary]
    for _, name, _ in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    for table, name, of in indexes:
        if not name.endswith(LIKE) or table in prefixes_of:
            cursor.execute(of)
    for table, name, of in unique:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {of}')


def _constraints(cursor: Any, table: str, kinds: str) -> dict[str, str]:
    cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        'WHERE conrelid = %s::regclass AND contype = ANY(%s::"char"[])',
        [table, list(kinds)],
    )
    return dict(cursor.fetchall())


def _indexes(cursor: Any, table: str) -> dict[str, str]:
    cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", [table])
    return dict(cursor.fetchall())
