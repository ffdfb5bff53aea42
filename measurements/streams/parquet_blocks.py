"""Parquet as it is made: row groups of a bounded size, each sent before the next is read.

pyarrow is loaded with the first such stream. Row groups are closed by the length of their text, so that wide rows take
no more memory than narrow ones.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from measurements.streams.columns import LISTS
from measurements.streams.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from joulemark.release.columns import Kind
    from measurements.streams.columns import StreamColumn
    from measurements.streams.row_text import Value

GROUP_BYTES = 8 * 1024 * 1024
"""Of the text of one row group's rows, some 20,000 of 25 columns: half as much would make files a tenth larger."""
GROUP_ROWS = 32_768
"""Of one row group where rows come as Python's values."""
DECODED: tuple[Kind, ...] = ("binary", *LISTS)
"""Kinds that are text on their way from the database."""
COMPRESSION = "zstd"
COMPRESSION_LEVEL = 1


def parquet_of_text(
    columns: Sequence[StreamColumn], texts: Iterable[bytes], *, metadata: Mapping[str, str]
) -> Iterator[bytes]:
    """The bytes of a Parquet file, in pieces; each text has whole rows of `sql_text.typed_select` as CSV.

    `metadata` becomes the file's key-value metadata.
    """
    return _written(columns, (_table_of_text(columns, text) for text in texts), metadata)


def parquet_of_rows(
    columns: Sequence[StreamColumn], blocks: Iterable[list[list[Value]]], *, metadata: Mapping[str, str]
) -> Iterator[bytes]:
    """The same for blocks of Python's values."""
    return _written(columns, (_table_of_rows(columns, rows) for rows in _joined(blocks)), metadata)


def arrow_schema(columns: Sequence[StreamColumn], metadata: Mapping[str, str]) -> Any:
    """The pyarrow schema of the columns."""
    import pyarrow as pa

    fields = [pa.field(c.name, _arrow_type(c.kind), nullable=c.is_nullable) for c in columns]
    return pa.schema(fields, metadata=dict(metadata))


def _arrow_type(kind: Kind) -> Any:
    import pyarrow as pa

    types: dict[Kind, Callable[[], Any]] = {
        "string": pa.string,
        "int64": pa.int64,
        "float64": pa.float64,
        "bool": pa.bool_,
        "timestamp": lambda: pa.timestamp("us", "UTC"),
        "date": pa.date32,
        "binary": pa.binary,
        "list<string>": lambda: pa.list_(pa.string()),
        "list<int64>": lambda: pa.list_(pa.int64()),
        "json": pa.string,
    }
    return types[kind]()


def _written(
    columns: Sequence[StreamColumn], tables: Iterable[Any], metadata: Mapping[str, str]
) -> Iterator[bytes]:
    from pyarrow import parquet

    pieces = Pieces()
    schema = arrow_schema(columns, metadata)
    with parquet.ParquetWriter(
        pieces, schema, compression=COMPRESSION, compression_level=COMPRESSION_LEVEL
    ) as writer:
        for table in tables:
            writer.write_table(table.cast(schema), row_group_size=max(table.num_rows, 1))
            if written := pieces.take():
                yield written
    yield pieces.take()


def _table_of_text(columns: Sequence[StreamColumn], text: bytes) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    read_as = {c.name: pa.string() if c.kind in DECODED else _arrow_type(c.kind) for c in columns}
    table = csv.read_csv(
        pa.BufferReader(text),
        read_options=csv.ReadOptions(column_names=list(read_as), block_size=max(len(text), 1)),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=read_as,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
            timestamp_parsers=[csv.ISO8601],
        ),
    )
    for place, column in enumerate(columns):
        if column.kind in DECODED:
            decode = bytes.fromhex if column.kind == "binary" else json.loads
            values = _decoded(table.column(place), decode, _arrow_type(column.kind))
            table = table.set_column(place, column.name, values)
    return table


def _decoded(texts: Any, decode: Callable[[str], object], arrow_type: Any) -> Any:
    """Each distinct text decoded once."""
    import pyarrow as pa

    coded = texts.combine_chunks().dictionary_encode()
    distinct = [decode(text) for text in coded.dictionary.to_pylist()]
    return pa.array(distinct, arrow_type).take(coded.indices)


def _table_of_rows(columns: Sequence[StreamColumn], rows: Sequence[Sequence[Value]]) -> Any:
    import pyarrow as pa

    from measurements.streams.row_text import json_text

    arrays = []
    for place, column in enumerate(columns):
        values = [row[place] for row in rows]
        if column.kind == "json":
            values = [None if value is None else json_text(value) for value in values]
        arrays.append(pa.array(values, _arrow_type(column.kind)))
    return pa.table(arrays, names=[column.name for column in columns])


def _joined(blocks: Iterable[list[list[Value]]]) -> Iterator[list[list[Value]]]:
    """Blocks of a row group each."""
    group: list[list[Value]] = []
    for block in blocks:
        group += block
        if len(group) >= GROUP_ROWS:
            yield group
            group = []
    if group:
        yield group
