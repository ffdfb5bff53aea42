"""Rows out of any database by its driver's cursor, a block of rows at a time: the embedded platform's way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from measurements.streams.errors import StreamBroken
from measurements.streams.own_connection import open_own_connection
from measurements.streams.row_query import row_query
from measurements.streams.row_text import typed_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import QuerySet

    from measurements.streams.columns import StreamColumn
    from measurements.streams.row_text import Value

ROWS_AT_ONCE = 512


class RowSource:
    """One query on a connection of its own, which `close` closes. Its rows may be read once."""

    def __init__(self, rows: QuerySet[Any], columns: Sequence[StreamColumn], *, limit_s: float) -> None:
        """Start the query. Raises FieldError, EmptyResultSet (`row_query`), or django.db.Error."""
        self._kinds = [column.kind for column in columns]
        self._until_s = time.monotonic() + limit_s
        self._own = open_own_connection()
        try:
            sql, parameters = row_query(rows, columns, self._own)
            self._cursor = self._own.cursor()
            self._cursor.execute(sql, parameters)
        except BaseException:
            self._own.close()
            raise
        self._is_cancelled = False

    def rows(self) -> Iterator[list[list[Value]]]:
        """Blocks of rows, each value of its column's kind. Raises StreamBroken."""
        while block := self._cursor.fetchmany(ROWS_AT_ONCE):
            if self._is_cancelled or time.monotonic() > self._until_s:
                raise StreamBroken("The stream took longer than it may.")
            yield [
                [typed_value(kind, value) for kind, value in zip(self._kinds, row, strict=True)] for row in block
            ]

    def cancel(self) -> None:
        """End it before its next block. Another thread may call it."""
        self._is_cancelled = True

    def close(self) -> None:
        """Close the connection, and so end the query."""
        self._own.close()
