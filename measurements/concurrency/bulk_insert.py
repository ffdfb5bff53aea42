"""Many new rows of one table in one statement, which is put together once a process.

As `bulk_create`, which puts its SQL together anew each time: of what an upload or a verdict costs that was a tenth.
Values go through the same methods of the fields, so what is stored is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db import models


def insert_rows(rows: Sequence[models.Model], *, updates: bool = False) -> None:
    """Insert rows of one model, or with `updates` overwrite those with the same primary key.

    A primary key that the database gives is set on each row. Raises IntegrityError or DataError, and stores nothing.
    """
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql":
        _create(model, rows, updates=updates)
        return
    statement = _statement(model, updates)
    columns = [
        [_in_utc(field.get_db_prep_save(field.pre_save(row, add=True), connection)) for row in rows]
        for field in statement.fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, columns)
        if statement.returns_key:  # keys are given in the order of the rows, and rise
            for row, (key,) in zip(rows, sorted(cursor.fetchall()), strict=True):
                row.pk = key
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


@dataclass(frozen=True, kw_only=True)
class Statement:
    """SQL that takes an array of values for each field, and returns primary keys if `returns_key`."""

    sql: str
    fields: tuple[models.Field[Any, Any], ...]
    returns_key: bool


@cache
def _statement(model: type[models.Model], updates: bool) -> Statement:  # noqa: FBT001 - a cache's key
    key = model._meta.pk
    returns_key = key.get_internal_type().endswith("AutoField")
    fields = tuple(field for field in model._meta.concrete_fields if not (returns_key and field is key))
    columns = ", ".join(map(_column, fields))
    arrays = ", ".join(map(_array, fields))
    table = connection.ops.quote_name(model._meta.db_table)
    sql = (
        f"INSERT INTO {table} ({columns}) SELECT {columns} "  # noqa: S608 - names of our own
        f"FROM unnest({arrays}) WITH ORDINALITY AS new ({columns}, place) ORDER BY place"
    )
    if updates:
        changed = (_column(field) for field in fields if field is not key)
        sql += f" ON CONFLICT ({_column(key)}) DO UPDATE SET "
        sql += ", ".join(f"{column} = excluded.{column}" for column in changed)
    if returns_key:
        sql += f" RETURNING {_column(key)}"
    return Statement(sql=sql, fields=fields, returns_key=returns_key)


def _column(field: models.Field[Any, Any]) -> str:
    return connection.ops.quote_name(field.column or field.name)


def _array(field: models.Field[Any, Any]) -> str:
    """The placeholder of a column. Without the length of its type: a cast would cut a text off that is too long.

    What is never null is sent in binary form, which needs no quotes; of an array of nulls alone nobody knows the type.
    """
    base = (field.db_type(connection) or "").partition("(")[0]
    binary = base in ("varchar", "text", "bytea") and not field.null
    return f"{'%b' if binary else '%s'}::{base}[]"


def _in_utc(value: Any) -> Any:
    """The value; a time in UTC, because in an array it goes as text, and PostgreSQL reads no offset of 16 hours."""
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not None else value


def _create(model: type[models.Model], rows: Sequence[models.Model], *, updates: bool) -> None:
    """By the ORM, where no array can be sent."""
    manager = model._default_manager
    if not updates:
        manager.bulk_create(rows)
        return
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    manager.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=[model._meta.pk.name],
        update_fields=[field.name for field in fields],
    )
