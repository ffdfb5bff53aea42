"""The rows of a stream as SQL: a queryset whose columns are those of the stream, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F

from measurements.streams.sql_text import column_alias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import QuerySet

    from measurements.streams.columns import StreamColumn


def chosen_rows(rows: QuerySet[Any], columns: Sequence[StreamColumn]) -> QuerySet[Any, tuple[Any, ...]]:
    """Tuples of the columns' values, which are named by `column_alias`. Raises FieldError for an unknown source."""
    sources = {column_alias(place): _expression(column) for place, column in enumerate(columns)}
    selection: QuerySet[Any, tuple[Any, ...]] = (
        rows.select_related(None).prefetch_related(None).annotate(**sources).values_list(*sources)
    )
    return selection


def row_query(
    rows: QuerySet[Any], columns: Sequence[StreamColumn], connection: BaseDatabaseWrapper
) -> tuple[str, tuple[Any, ...]]:
    """PostgreSQL with placeholders, and their values: each column is evaluated once a row.

    Raises django.core.exceptions.FieldError for a source that the rows do not have, EmptyResultSet where a filter
    excludes everything.
    """
    sql, parameters = chosen_rows(rows, columns).query.get_compiler(connection=connection).as_sql()
    if any(not isinstance(column.source, str | F) for column in columns):
        sql = f"SELECT * FROM ({sql}) computed OFFSET 0"  # noqa: S608 - compiled; without OFFSET it would be merged
    return sql, tuple(parameters)


def _expression(column: StreamColumn) -> Any:
    return F(column.source) if isinstance(column.source, str) else column.source
