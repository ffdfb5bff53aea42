"""Rows of one table into its files: Parquet, CSV and JSON Lines are written together, in bounded memory.

The same rows give the same bytes: gzip carries no time and no name. Numbers are written to their last digit, so that
sums over any of the forms are equal.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from contextlib import ExitStack
from datetime import UTC, date, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from measurements.web.csv_renderer import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from joulemark.release.columns import Column, Form, Kind, Table

Row = tuple[Any, ...]
"""The values of a row in the order of its table's columns, as Python has them; `json` as what it stands for."""

ROWS_PER_GROUP = 4_096
"""Rows that a reader of a part of a file reads at least: a column of numbers has 32 KiB then."""
ITEMS_PER_GROUP = 1_000_000
"""Elements of lists, and characters of long texts, that a group of rows holds at most: traces are long."""
GZIP_LEVEL = 6
COMPRESSION = "snappy"
"""Of Parquet: browsers read it without a program of its own (decision 91)."""

ARROW: dict[Kind, pa.DataType] = {
    "string": pa.string(),
    "json": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "binary": pa.binary(),
    "list<string>": pa.list_(pa.string()),
    "list<int64>": pa.list_(pa.int64()),
}


def arrow_schema(table: Table) -> pa.Schema:
    """The table's columns with their units and meanings, as Parquet files carry them."""
    return pa.schema(
        [
            pa.field(
                column.name,
                ARROW[column.kind],
                nullable=column.nullable,
                metadata={
                    "description": column.description,
                    **({"unit": column.unit} if column.unit else {}),
                    **({"format": "json"} if column.kind == "json" else {}),
                },
            )
            for column in table.columns
        ],
        metadata={"table": table.name, "licence": table.licence},
    )


def json_text(value: Any) -> str:
    """A JSON value as text: compact, keys in order, nothing that is no number."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False)


def moment_text(at: datetime) -> str:
    """A time as text forms have it: to the microsecond, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: Any, kind: Kind) -> Any:
    """A value as JSON has it."""
    match kind:
        case "timestamp":
            return moment_text(value)
        case "date":
            return value.isoformat() if isinstance(value, date) else value
        case "binary":
            return bytes(value).hex()
        case "list<string>" | "list<int64>":
            return list(value)
    return value


def csv_cell(value: Any, kind: Kind) -> object:
    """A value as a cell: nothing that a spreadsheet may run as a formula, nothing rounded; null is empty."""
    if value is None:
        return ""
    match kind:
        case "float64":
            return repr(float(value))
        case "int64":
            return value
        case "bool":
            return "true" if value else "false"
        case "json" | "list<string>" | "list<int64>":
            return json_text(list(value) if kind != "json" else value)
    return harmless(_plain(value, kind))


class TableWriter:
    """Writes the forms of one table to files in a folder; `paths` has them by form once it is closed."""

    def __init__(self, table: Table, place: Callable[[str], Path], *, stem: str) -> None:
        self.table = table
        self.rows = 0
        self.paths: dict[Form, Path] = {form: place(f"{table.name}-{stem}.{form}") for form in table.forms}
        self._schema = arrow_schema(table)
        self._kinds = [column.kind for column in table.columns]
        self._waiting: list[Row] = []
        self._items = 0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self._parquet = opening.enter_context(
                pq.ParquetWriter(
                    self.paths["parquet"], self._schema, compression=COMPRESSION, use_dictionary=True
                )
            )
            self._csv = self._text(opening, "csv.gz")
            self._lines = self._text(opening, "jsonl.gz")
            self._cells = csv.writer(self._csv, lineterminator="\r\n") if self._csv else None
            if self._cells is not None:
                self._cells.writerow(self.table.column_names)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._open.close()

    def write(self, row: Row) -> None:
        """Write one row. Raises ValueError for a number that is none, and for a row of another length."""
        self._waiting.append(row)
        self._items += sum(len(value) for value in row if isinstance(value, (list, tuple, str)))
        if len(self._waiting) >= ROWS_PER_GROUP or self._items >= ITEMS_PER_GROUP:
            self._flush()

    def write_all(self, rows: Iterable[Row]) -> None:
        """Write rows, as they come."""
        for row in rows:
            self.write(row)

    def _text(self, opening: ExitStack, form: Form) -> io.TextIOWrapper | None:
        if form not in self.paths:
            return None
        raw = opening.enter_context(self.paths[form].open("wb"))
        packed = opening.enter_context(gzip.GzipFile("", "wb", GZIP_LEVEL, raw, mtime=0))
        return opening.enter_context(io.TextIOWrapper(packed, encoding="utf-8", newline=""))

    def _flush(self) -> None:
        rows, self._waiting, self._items = self._waiting, [], 0
        if not rows:
            return
        self.rows += len(rows)
        columns = list(zip(*rows, strict=True))
        arrays = [
            _array(column, values, field)
            for column, values, field in zip(self.table.columns, columns, self._schema, strict=True)
        ]
        self._parquet.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        if self._cells is not None:
            self._cells.writerows(
                [csv_cell(value, kind) for value, kind in zip(row, self._kinds, strict=True)] for row in rows
            )
        if self._lines is not None:
            names = self.table.column_names
            for row in rows:
                values = (
                    None if value is None else _plain(value, kind)
                    for value, kind in zip(row, self._kinds, strict=True)
                )
                line = dict(zip(names, values, strict=True))
                self._lines.write(
                    json.dumps(line, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"
                )


def _array(column: Column, values: Sequence[Any], field: pa.Field) -> pa.Array:
    """Raises ValueError for a null where there must be none, and for a number that is none."""
    if not column.nullable and any(value is None for value in values):
        raise ValueError(f"{column.name} is null in a row, and may not be.")
    if column.kind == "json":
        values = [None if value is None else json_text(value) for value in values]
    elif column.kind == "float64" and not all(value is None or isfinite(value) for value in values):
        raise ValueError(f"{column.name} has a number that is not finite.")
    return pa.array(values, field.type)
