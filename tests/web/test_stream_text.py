"""What a stream writes is harmless in a spreadsheet, and every reader gets the values back."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from joulemark.release.columns import Kind
from measurements.streams.columns import StreamColumn, checked_columns
from measurements.streams.encodings import encoded, negotiated
from measurements.streams.formula_guard import FORMULA, guarded, unguarded
from measurements.streams.parquet_blocks import parquet_of_rows
from measurements.streams.read_ahead import ReadAhead
from measurements.streams.row_text import csv_heading, csv_line, float_text, json_line, moment_text
from measurements.streams.slots import Slots, TooManyStreams
from measurements.web.byte_ranges import ByteRange, NotSatisfiable, requested_range
from measurements.web.csv_renderer import DANGEROUS, harmless
from tests.hostile_texts import HOSTILE
from tests.laws import law

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
EDGES = st.text("'= +-@\t\r\n\",;aé", max_size=8)
TEXTS = st.one_of(WORDS, EDGES)
HOSTILE_WORDS = [
    text for text in HOSTILE.values() if isinstance(text, str) and "\0" not in text and text.isprintable()
]
BESIDE = [
    f"{start}{rest}"
    for start in (*DANGEROUS, "'", " ", '"', ",")
    for rest in ("", "1+1", '"x"', ",=2", "\n=3")
]


def columns(*kinds: Kind) -> tuple[StreamColumn, ...]:
    return tuple(StreamColumn(name=f"v{i}", kind=kind, source="x") for i, kind in enumerate(kinds))


@pytest.mark.laws
@law()
@given(TEXTS)
def test_no_cell_is_a_formula_and_none_loses_its_text(text: str) -> None:
    cell = guarded(text)
    assert not cell.lstrip(" ").startswith(DANGEROUS)
    assert unguarded(cell) == text
    assert cell == text or cell == f"'{text}"
    if not (text.startswith("'") and FORMULA.match(text)):
        assert cell == harmless(text), "the downloads of boards have the same cell"


@pytest.mark.parametrize("start", DANGEROUS)
@pytest.mark.parametrize("before", ["", " ", "   ", "'", "''", "' "])
def test_every_beginning_of_a_formula_is_guarded(start: str, before: str) -> None:
    cell = guarded(f'{before}{start}cmd|"/c calc"!A1')
    assert cell.startswith("'")
    assert unguarded(cell) == f'{before}{start}cmd|"/c calc"!A1'


@pytest.mark.laws
@law()
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_csv_comes_back_through_python_and_arrow(rows: list[tuple[str, str]]) -> None:
    two = columns("string", "string")
    text = csv_heading(two) + "".join(csv_line(two, row) for row in rows)
    _, *cells = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert [tuple(map(unguarded, row)) for row in cells] == rows
    table = read_arrow(text)
    found = zip(*(column.to_pylist() for column in table.columns), strict=True)
    assert [tuple(map(unguarded, row)) for row in found] == rows


def read_arrow(text: str) -> Any:
    return arrow_csv.read_csv(
        pa.BufferReader(text.encode()),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types={"v0": pa.string(), "v1": pa.string()}, strings_can_be_null=False
        ),
    )


def test_csv_comes_back_through_duckdb(tmp_path: Path) -> None:
    texts = [*HOSTILE_WORDS, *BESIDE, ""]
    three = columns("int64", "string", "string")
    file = tmp_path / "rows.csv"
    lines = [csv_line(three, (i, text, None)) for i, text in enumerate(texts)]
    file.write_text(csv_heading(three) + "".join(lines), newline="")
    found: Any = duckdb.sql(
        f"SELECT v1, v2 FROM read_csv('{file}', header = true, quote = '\"', escape = '\"', strict_mode = true, "  # noqa: S608
        "max_line_size = 100000, columns = {'v0': 'BIGINT', 'v1': 'VARCHAR', 'v2': 'VARCHAR'}) ORDER BY v0"
    )
    assert [(unguarded(text or ""), nothing) for text, nothing in found.fetchall()] == [
        (text, None) for text in texts
    ]


@pytest.mark.laws
@law()
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_every_digit(number: float) -> None:
    assert float(float_text(number)) == number
    assert json.loads(json_line(columns("float64"), [number])) == {"v0": number}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (0.5, "0.5"),
        (1e-5, "1e-05"),
        (1e15, "1e+15"),
        (-2e15, "-2e+15"),
        (1e14, "100000000000000"),
    ],
)
def test_numbers_look_as_postgresql_writes_them(number: float, text: str) -> None:
    assert float_text(number) == text


@pytest.mark.laws
@law()
@given(TEXTS, st.datetimes(), st.lists(TEXTS, max_size=3))
def test_json_has_the_values_themselves(text: str, moment: datetime, words: list[str]) -> None:
    kinds = columns("string", "timestamp", "list<string>", "bool", "json")
    at = moment.replace(tzinfo=UTC)
    line = json_line(kinds, [text, at, words, True, {"b": [1, None], "a": text}])
    assert line.count("\n") == 1
    found = json.loads(line)
    assert found["v0"] == text
    assert datetime.fromisoformat(found["v1"]) == at
    assert (found["v2"], found["v3"], found["v4"]) == (words, True, {"a": text, "b": [1, None]})


def test_a_moment_has_the_digits_that_it_has() -> None:
    whole = datetime(2026, 12, 2, 1, 2, 3, tzinfo=UTC)
    assert moment_text(whole) == "2026-12-02T01:02:03Z"
    assert moment_text(whole.replace(microsecond=500)) == "2026-12-02T01:02:03.0005Z"


EVERY_KIND: tuple[Kind, ...] = (
    "string", "int64", "float64", "bool", "timestamp", "date", "binary", "list<string>", "list<int64>", "json",
)  # fmt: skip
EXAMPLE: Sequence[Any] = (
    '=a,"b"\nc', -(2**53) - 1, 0.1, False, datetime(2026, 1, 2, 3, 4, 5, 678900, UTC), date(2026, 1, 2), b"\x00\xff",
    ["=x", "y"], [3, -1], {"long name": 1.5, "b": [True]},
)  # fmt: skip


def test_parquet_has_every_kind_of_value() -> None:
    kinds = columns(*EVERY_KIND)
    blocks = [[list(EXAMPLE), [None] * len(kinds)], [["", *EXAMPLE[1:]]]]
    file = b"".join(parquet_of_rows(kinds, blocks, metadata={"licence": "CC-BY-4.0"}))
    table = parquet.read_table(pa.BufferReader(file))
    first, nothing, empty = (tuple(row.values()) for row in table.to_pylist())
    assert first[:-1] == tuple(EXAMPLE[:-1])
    assert json.loads(first[-1]) == EXAMPLE[-1]
    assert set(nothing) == {None}
    assert empty[0] == ""
    assert table.schema.metadata[b"licence"] == b"CC-BY-4.0"


def test_what_is_not_known_differs_from_an_empty_text() -> None:
    two = columns("string", "float64")
    assert csv_line(two, ["", None]) == '"",\n'
    assert csv_line(two, [None, math.pi]) == ",3.141592653589793\n"


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.1, gzip;q=0.9", "gzip"),
        ("x-gzip", "gzip"),
        ("identity, *;q=0", "identity"),
        ("*", "zstd"),
        ("br", "identity"),
        ("zstd;q=nonsense, gzip;q=0", "identity"),
        ("identity;q=0, br", None),
        ("*;q=0", None),
    ],
)
def test_an_encoding_is_negotiated(header: str, encoding: str | None) -> None:
    assert negotiated(header) == encoding


def test_what_is_compressed_comes_back() -> None:
    blocks = [hashlib.shake_256().digest(9000), b"", b"a" * 100_000]
    whole = b"".join(blocks)
    assert gzip.decompress(b"".join(encoded(blocks, "gzip"))) == whole
    packed = b"".join(encoded(blocks, "zstd"))
    assert pa.CompressedInputStream(pa.BufferReader(packed), "zstd").read() == whole
    assert len(packed) < 12_000
    assert list(encoded(blocks, "identity")) == [blocks[0], blocks[2]]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-9", (0, 9)),
        ("bytes=90-", (90, 99)),
        ("bytes=-5", (95, 99)),
        ("bytes=-500", (0, 99)),
        ("bytes=50-5000", (50, 99)),
        ("", None),
        ("bytes=0-1,5-6", None),
        ("bytes=9-2", None),
        ("bytes=-", None),
        ("lines=0-9", None),
        ("bytes=0-" + "9" * 30, None),
        ("bytes=\u0663-", None),
    ],
)
def test_a_part_of_a_file(header: str, found: tuple[int, int] | None) -> None:
    assert requested_range(header, size=100) == (ByteRange(*found, 100) if found else None)


def test_a_part_of_another_state_of_a_file_is_all_of_it() -> None:
    assert requested_range("bytes=1-2", size=9, if_range='"b"', etag='"a"') is None
    assert requested_range("bytes=1-2", size=9, if_range='W/"a"', etag='W/"a"') is None
    part = requested_range("bytes=1-2", size=9, if_range='"a"', etag='"a"')
    assert part is not None
    assert (part.length, part.content_range) == (2, "bytes 1-2/9")
    for beyond in ("bytes=9-", "bytes=-0"):
        with pytest.raises(NotSatisfiable):
            requested_range(beyond, size=9)


def test_slots_are_given_back_once() -> None:
    slots = Slots()
    give_back = slots.take("ada", most=2, most_of_one=1)
    with pytest.raises(TooManyStreams) as own:
        slots.take("ada", most=2, most_of_one=1)
    other = slots.take("lin", most=2, most_of_one=1)
    with pytest.raises(TooManyStreams) as full:
        slots.take("grace", most=2, most_of_one=1)
    assert (own.value.is_own, full.value.is_own, slots.n_taken) == (True, False, 2)
    give_back()
    give_back()
    assert slots.n_taken == 1
    other()
    assert slots.n_taken == 0


def test_reading_ahead_raises_what_reading_raised_and_ends_when_closed() -> None:
    def two_blocks() -> Any:
        yield 1
        yield 2
        raise OSError("gone")

    read: list[int] = []
    ahead = ReadAhead(two_blocks(), on_close=lambda: None)
    with pytest.raises(OSError, match="gone"):
        read.extend(ahead)
    assert read == [1, 2]
    endless = ReadAhead(iter(int, 1), on_close=lambda: None)
    assert next(iter(endless)) == 0
    endless.close()
    assert not endless._thread.is_alive()


def test_columns_have_plain_names_that_differ() -> None:
    with pytest.raises(ValueError, match="lower case"):
        StreamColumn(name='a"', kind="string", source="x")
    with pytest.raises(ValueError, match="no kind"):
        StreamColumn(name="a", kind="text", source="x")  # type: ignore[arg-type]  # what it refuses
    with pytest.raises(ValueError, match="twice"):
        checked_columns(columns("string") * 2)
    with pytest.raises(ValueError, match="1 to 1000"):
        checked_columns(())
