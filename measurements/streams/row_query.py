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


def row_query(
    rows: QuerySet[Any], columns: Sequence[StreamColumn], connection: BaseDatabaseWrapper
) -> tuple[str, tuple[Any, ...]]:
    """SQL with placeholders, and their values. Its columns are named by `column_alias`, each evaluated once a row.

    Raises django.core.exceptions.FieldError for a source that the rows do not have, EmptyResultSet where a filter
    excludes everything.
    """
    sources = {
        column_alias(place): F(column.source) if isinstance(column.source, str) else column.source
        for place, column in enumerate(columns)
    }
    chosen = rows.select_related(None).prefetch_related(None).annotate(**sources).values_list(*sources)
    sql, parameters = chosen.query.get_compiler(connection=connection).as_sql()
    is_computed = any(not isinstance(source, F) for source in sources.values())
    if is_computed and connection.vendor == "postgresql":
        sql = f"SELECT * FROM ({sql}) computed OFFSET 0"  # noqa: S608 - compiled; without OFFSET it would be merged
    return sql, tuple(parameters)
