"""Rows as Python's values, a block of them at a time: where there is no COPY, or something that SQL does not say."""

from __future__ import annotations

import time
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

from measurements.streams.errors import StreamBroken
from measurements.streams.own_connection import open_own_connection
from measurements.streams.row_query import chosen_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.db.models import QuerySet

    from measurements.streams.columns import StreamColumn
    from measurements.streams.row_text import Value

ROWS_AT_ONCE = 512


class RowSource:
    """One query on a connection of its own, which `close` closes. Its rows may be read once."""

    def __init__(self, rows: QuerySet[Any], columns: Sequence[StreamColumn], *, limit_s: float) -> None:
        """Start the query. Raises FieldError, EmptyResultSet, or django.db.Error."""
        self._columns = columns
        self._until_s = time.monotonic() + limit_s
        self._is_cancelled = False
        self._own = open_own_connection()
        try:
            if self._own.vendor == "postgresql":
                with self._own.cursor() as cursor:
                    cursor.execute("SET default_transaction_read_only = on")
                    cursor.execute(f"SET statement_timeout = {round(limit_s * 1000)}")
                self._own.set_autocommit(False)  # a cursor of the server lives in a transaction
            compiler = chosen_rows(rows, columns).query.get_compiler(connection=self._own)
            self._rows: Iterator[Any] = iter(
                compiler.results_iter(chunked_fetch=True, chunk_size=ROWS_AT_ONCE)
            )
        except BaseException:
            self._own.close()
            raise

    def rows(self) -> Iterator[list[list[Value]]]:
        """Blocks of rows, each value of its column's kind. Raises StreamBroken."""
        while block := list(islice(self._rows, ROWS_AT_ONCE)):
            if self._is_cancelled or time.monotonic() > self._until_s:
                raise StreamBroken("The stream took longer than it may.")
            yield converted(self._columns, block)

    def cancel(self) -> None:
        """End it before its next block. Another thread may call it."""
        self._is_cancelled = True

    def close(self) -> None:
        """Close the connection, and so end the query and its transaction."""
        self._own.close()


class ListedRows:
    """The same for a few rows that are in no database: tuples with a value for each column."""

    def __init__(self, rows: Iterable[Sequence[Any]], columns: Sequence[StreamColumn]) -> None:
        self._listed, self._columns = list(rows), columns

    def rows(self) -> Iterator[list[list[Value]]]:
        """All of them as one block."""
        yield converted(self._columns, self._listed)

    def cancel(self) -> None:
        """There is nothing to wait for."""

    def close(self) -> None:
        """There is nothing to close."""


def converted(columns: Sequence[StreamColumn], block: Iterable[Sequence[Any]]) -> list[list[Value]]:
    """Values as they are written; a number that is not finite is None."""
    return [[_value(column, value) for column, value in zip(columns, row, strict=False)] for row in block]


def _value(column: StreamColumn, value: Any) -> Value:
    if value is None:
        return None
    if column.convert is not None:
        value = column.convert(value)
    if column.kind == "float64":
        return float(value) if isfinite(value) else None
    return bytes(value) if column.kind == "binary" else value
