"""The bytes of a download of any size: one iterator for every form and every database, which ends when it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from measurements.streams.columns import checked_columns
from measurements.streams.copy_source import BLOCK_BYTES, CSV_COPY, LINES_COPY, CopySource
from measurements.streams.encodings import encoded
from measurements.streams.parquet_blocks import GROUP_BYTES, parquet_of_rows, parquet_of_text
from measurements.streams.read_ahead import ReadAhead
from measurements.streams.row_source import ListedRows, RowSource
from measurements.streams.row_text import csv_heading, csv_line, json_line
from measurements.streams.sql_text import csv_select, json_select, typed_select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from measurements.streams.columns import StreamColumn
    from measurements.streams.encodings import Encoding

Source = CopySource | RowSource | ListedRows
Form = Literal["csv", "jsonl", "parquet"]
MEDIA_TYPES: dict[Form, str] = {
    "csv": "text/csv; charset=utf-8; header=present",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""In front of CSV for programs that take a file without it for one in their country's letters."""
LIMIT_S = 900.0


def _nobody_watches() -> None:
    """Whoever reads the stream is there until it closes it."""


class RowStream:
    """The bytes of `rows` in one form, piece by piece. Iterate once; `close` ends it wherever it is.

    Rows that are in no database are tuples with a value for each column.

    A CSV cell that a spreadsheet might run is guarded (`formula_guard`). Parquet is compressed inside and takes no
    `encoding`. `limit_s` is the time after which the database ends the query; `watch` is called every second in which
    COPY gives no row, in any thread, and may raise to end the stream.
    """

    def __init__(
        self,
        rows: QuerySet[Any] | Iterable[Sequence[Any]],
        columns: Sequence[StreamColumn],
        form: Form,
        *,
        encoding: Encoding = "identity",
        has_bom: bool = False,
        metadata: Mapping[str, str] | None = None,
        limit_s: float = LIMIT_S,
        watch: Callable[[], None] = _nobody_watches,
    ) -> None:
        """Start the query. Raises ValueError (columns), FieldError (sources), django.db.Error or StreamBroken."""
        self._columns = checked_columns(tuple(columns))
        self._form = form
        self._metadata = metadata or {}
        self._source: Source | None = None
        self._read_ahead: ReadAhead[Any] | None = None
        try:
            self._source = self._open(rows, limit_s, watch)
        except EmptyResultSet:  # a filter excludes everything: there is a heading, and no query
            self._source = None
        start = BYTE_ORDER_MARK if has_bom and form == "csv" else b""
        self._pieces = encoded(self._with(start), "identity" if form == "parquet" else encoding)

    def __iter__(self) -> Iterator[bytes]:
        """The pieces in their order. Raises StreamBroken where the database ends it early."""
        return self

    def __next__(self) -> bytes:
        """Return the next piece."""
        return next(self._pieces)

    def cancel(self) -> None:
        """Have the database stop, from another thread: whoever iterates gets StreamBroken."""
        if self._source is not None:
            self._source.cancel()

    def close(self) -> None:
        """End the query and its connection. May be called in any state, and twice."""
        read_ahead, self._read_ahead = self._read_ahead, None
        source, self._source = self._source, None
        if read_ahead is not None:
            read_ahead.close()
        if source is not None:
            source.close()

    def _open(
        self, rows: QuerySet[Any] | Iterable[Sequence[Any]], limit_s: float, watch: Callable[[], None]
    ) -> Source:
        if not isinstance(rows, QuerySet):
            return ListedRows(rows, self._columns)
        is_converted = any(column.convert is not None for column in self._columns)
        if is_converted or connection.vendor != "postgresql":
            return RowSource(rows, self._columns, limit_s=limit_s)
        select: dict[Form, Callable[[Sequence[StreamColumn], str], str]] = {
            "csv": csv_select,
            "jsonl": json_select,
            "parquet": typed_select,
        }
        return CopySource(
            rows,
            self._columns,
            write_select=select[self._form],
            copy=LINES_COPY if self._form == "jsonl" else CSV_COPY,
            limit_s=limit_s,
            watch=watch,
        )

    def _with(self, start: bytes) -> Iterator[bytes]:
        if self._form == "parquet":
            yield from self._parquet()
            return
        yield start + (csv_heading(self._columns).encode() if self._form == "csv" else b"")
        yield from self._text()

    def _text(self) -> Iterator[bytes]:
        if isinstance(self._source, CopySource):
            yield from self._source.blocks(BLOCK_BYTES)
        elif self._source is not None:
            write = csv_line if self._form == "csv" else json_line
            for block in self._source.rows():
                yield "".join([write(self._columns, row) for row in block]).encode()

    def _parquet(self) -> Iterator[bytes]:
        if isinstance(self._source, CopySource):
            blocks = self._source.blocks(GROUP_BYTES)
            self._read_ahead = ReadAhead(blocks, on_close=self._source.cancel)
            yield from parquet_of_text(self._columns, self._read_ahead, metadata=self._metadata)
        else:
            rows = self._source.rows() if self._source is not None else iter(())
            yield from parquet_of_rows(self._columns, rows, metadata=self._metadata)
