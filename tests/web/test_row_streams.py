"""Rows as streams: both databases and all forms give the same values, and whoever goes away leaves nothing behind."""

from __future__ import annotations

import csv
import io
import json
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.apps.registry import Apps
from django.db import connection, models
from django.db.models import F, Func, Value
from django.db.models.functions import Cast, Concat, Upper
from pyarrow import parquet

from measurements.streams import row_stream
from measurements.streams.columns import StreamColumn
from measurements.streams.errors import StreamBroken
from measurements.streams.formula_guard import unguarded
from measurements.streams.row_stream import BYTE_ORDER_MARK, Form, RowStream
from measurements.streams.sockets import ENVIRON_KEY, raise_if_gone
from tests.both_databases import sqlite_in_place_of_postgresql
from tests.faults.polling import poll
from tests.hostile_texts import HOSTILE

Values = list[list[Any]]


class StreamedRow(models.Model):
    """A row of every kind of value, in a registry of its own."""

    name = models.TextField()
    word = models.TextField(null=True)
    whole = models.BigIntegerField(null=True)
    number = models.FloatField(null=True)
    is_on = models.BooleanField(null=True)
    at = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    raw = models.BinaryField(null=True)
    words = models.JSONField(null=True)
    numbers = models.JSONField(null=True)
    facts = models.JSONField(null=True)

    class Meta:
        app_label = "streamed"
        apps = Apps()

    def __str__(self) -> str:
        return self.name


COLUMNS = (
    StreamColumn(name="id", kind="int64", source="id", is_nullable=False),
    StreamColumn(name="name", kind="string", source="name", is_nullable=False),
    StreamColumn(name="word", kind="string", source="word"),
    StreamColumn(name="whole", kind="int64", source="whole"),
    StreamColumn(name="number", kind="float64", source="number"),
    StreamColumn(name="is_on", kind="bool", source="is_on"),
    StreamColumn(name="at", kind="timestamp", source="at"),
    StreamColumn(name="day", kind="date", source="day"),
    StreamColumn(name="raw", kind="binary", source="raw"),
    StreamColumn(name="plain", kind="string", source=Value("a-1.b"), is_plain=True, is_nullable=False),
    StreamColumn(name="shout", kind="string", source=Upper("word")),
    StreamColumn(name="words", kind="list<string>", source="words"),
    StreamColumn(name="numbers", kind="list<int64>", source="numbers"),
    StreamColumn(name="facts", kind="json", source="facts"),
)
SCALARS = tuple(column for column in COLUMNS if column.name not in {"words", "numbers", "facts", "shout"})
TEXTS = [
    *(text for text in HOSTILE.values() if isinstance(text, str) and not set(text) & {"\0", "\udcff"}),
    *(f"{start}1+1" for start in ("=", "+", "-", "@", "\t", "\r", "\n", " =", "'=", "''@", "'", '"', ",", ";", "\\.")),
    *("Ж", "ß", "\x7f", "a\x01b\x02c", "\u2028", "NULL", "null", "t", "1e5", "tail\\", "\\N"),
]  # fmt: skip
NUMBERS = [0.1, 1.0, -0.5, 1e-5, 1e15, 123456789012345.6, 5e-324, 1.7976931348623157e308, 2.0**-30, 3e22]


def made_rows() -> list[StreamedRow]:
    """One row for each text, with values of every kind; some without any."""
    at = datetime(2026, 3, 4, 5, 6, 7, 890123, UTC)
    full = [
        StreamedRow(
            id=i + 1,
            name=text,
            word=text.lower() if i % 3 else None,
            whole=(-1) ** i * 2 ** (i % 63),
            number=NUMBERS[i % len(NUMBERS)],
            is_on=bool(i % 2),
            at=at.replace(microsecond=[0, 500_000, 123_456, 7][i % 4]),
            day=date(2026, 2, 28),
            raw=bytes([i, 0, 255]),
            words=[text, ";", ""][: i % 4],
            numbers=[i, -i],
            facts={"text": text, "list": [1, None, True], "n": 0.25},
        )
        for i, text in enumerate(TEXTS)
    ]
    return [*full, StreamedRow(id=len(full) + 1, name="")]


@contextmanager
def table(rows: Sequence[StreamedRow] = ()) -> Iterator[None]:
    """The table with these rows, in whatever database is there."""
    with connection.schema_editor() as editor:
        editor.create_model(StreamedRow)
    StreamedRow._base_manager.bulk_create(rows)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(StreamedRow)


def streamed(form: Form, columns: Sequence[StreamColumn] = COLUMNS, **options: Any) -> bytes:
    """The whole stream; its connection is closed."""
    stream = RowStream(StreamedRow._base_manager.order_by("id"), columns, form, **options)
    try:
        return b"".join(stream)
    finally:
        stream.close()


FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "string": unguarded,
    "int64": int,
    "float64": float,
    "bool": {"true": True, "false": False}.__getitem__,
    "timestamp": datetime.fromisoformat,
    "date": date.fromisoformat,
    "binary": bytes.fromhex,
    "list<string>": unguarded,
    "list<int64>": lambda cell: [int(word) for word in unguarded(cell).split(";") if word],
    "json": lambda cell: json.loads(unguarded(cell)),
}
NAMED = {column.name: column for column in COLUMNS}


def of_csv(data: bytes, expected: Values) -> Values:
    """The values of a CSV file; lists of words are compared as their text, since a word may have a semicolon."""
    names, *rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    assert names == list(NAMED)
    found = []
    for cells, row in zip(rows, expected, strict=True):
        values: list[Any] = []
        for name, cell, value in zip(names, cells, row, strict=True):
            kind = NAMED[name].kind
            if value is None:
                assert cell == ""
                values.append(None)
            elif kind == "list<string>":
                assert FROM_TEXT[kind](cell) == ";".join(value)
                values.append(value)
            else:
                values.append(FROM_TEXT[kind](cell))
        found.append(values)
    return found


def of_json(data: bytes) -> Values:
    """The values of JSON Lines."""
    as_json: dict[str, Callable[[Any], Any]] = {
        "timestamp": datetime.fromisoformat,
        "date": date.fromisoformat,
        "binary": bytes.fromhex,
    }
    rows = [json.loads(line) for line in data.decode().split("\n")[:-1]]
    return [
        [
            value if value is None else as_json.get(NAMED[name].kind, lambda given: given)(value)
            for name, value in row.items()
        ]
        for row in rows
    ]


def of_parquet(data: bytes) -> Values:
    """The values of a Parquet file."""
    rows = parquet.read_table(pa.BufferReader(data)).to_pylist()
    return [[json.loads(v) if v and NAMED[n].kind == "json" else v for n, v in row.items()] for row in rows]


def expected_values(rows: Sequence[StreamedRow]) -> Values:
    """What was put in."""
    return [
        [
            "a-1.b" if name == "plain" else (row.word and row.word.upper()) if name == "shout" else getattr(row, name)
            for name in NAMED
        ]
        for row in rows
    ]  # fmt: skip


def check_every_form(expected: Values) -> dict[Form, bytes]:
    """Each form gives the values; returns the text of the scalar columns."""
    assert of_csv(streamed("csv"), expected) == expected
    assert of_json(streamed("jsonl")) == expected
    assert of_parquet(streamed("parquet")) == expected
    return {"csv": streamed("csv", SCALARS), "jsonl": streamed("jsonl", SCALARS)}


@pytest.mark.usefixtures("committed")
def test_both_databases_and_all_forms_have_the_same_values(tmp_path: Path) -> None:
    rows = made_rows()
    for row in rows:  # SQLite knows the upper case of ASCII alone
        row.word = row.word if row.word is None or row.word.isascii() else "plain"
    expected = expected_values(rows)
    with table(rows):
        texts = check_every_form(expected)
    with sqlite_in_place_of_postgresql(tmp_path / "rows.sqlite3"), table(made_rows()):
        StreamedRow._base_manager.bulk_update(rows, ["word"])
        assert check_every_form(expected) == texts


@pytest.mark.usefixtures("committed")
def test_what_is_not_finite_is_not_known(tmp_path: Path) -> None:
    rows = [
        StreamedRow(id=i, name="x", number=float(word)) for i, word in enumerate(("nan", "inf", "-inf", "1"))
    ]
    with table(rows):
        found = [
            line.rpartition(",")[2] for line in streamed("csv", (COLUMNS[0], COLUMNS[4])).decode().split()
        ]
        assert found == ["number", "", "", "", "1"]
        assert b'{"id":1,"number":null}' in streamed("jsonl", (COLUMNS[0], COLUMNS[4]))
        last = parquet.read_table(pa.BufferReader(streamed("parquet"))).column("number").to_pylist()
        assert last == [None, None, None, 1.0]


@pytest.mark.usefixtures("committed")
def test_two_hundred_columns_and_none_at_all() -> None:
    many = tuple(
        StreamColumn(
            name=f"c{i}",
            kind="string",
            source=Concat(F("name"), Value(f"={i}"), output_field=models.TextField()),
        )
        for i in range(200)
    )
    with table([StreamedRow(id=1, name="")]):
        row = [f"={i}" for i in range(200)]
        _, cells = csv.reader(io.StringIO(streamed("csv", many).decode()))
        assert [unguarded(cell) for cell in cells] == row
        assert list(json.loads(streamed("jsonl", many)).values()) == row
        assert (
            list(parquet.read_table(pa.BufferReader(streamed("parquet", many))).to_pylist()[0].values())
            == row
        )
        nothing = RowStream(StreamedRow._base_manager.none(), COLUMNS[:2], "csv", has_bom=True)
        assert b"".join(nothing) == BYTE_ORDER_MARK + b"id,name\n"
        nothing.close()


def connections_of_streams() -> int:
    """Backends of this database beside the test's own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def await_no_stream() -> None:
    """A backend whose client is gone ends by itself, a moment later."""
    poll(lambda: not connections_of_streams(), what="no query of a stream runs", limit_s=20.0)


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_who_goes_away_leaves_no_query_and_no_connection(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_stream, "GROUP_BYTES", 1 << 20)
    with table():
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {StreamedRow._meta.db_table} (name) SELECT repeat(md5(n::text), 30) "  # noqa: S608
                "FROM generate_series(1, 12000) n"
            )
        stream = RowStream(StreamedRow._base_manager.order_by("id"), COLUMNS[:3], form)
        next(stream)
        assert connections_of_streams() == 1
        stream.close()
        stream.close()
        await_no_stream()


@pytest.mark.usefixtures("committed")
def test_who_goes_away_before_the_first_row_leaves_nothing() -> None:
    """The database works for minutes before it has a row, so that no write tells that the reader is gone."""
    reader, line = socket.socketpair()
    asleep = Cast(Func(Value(600.0), function="pg_sleep"), models.TextField())
    with table([StreamedRow(id=1, name="")]), line:
        rows = StreamedRow._base_manager.order_by("id")
        watch = partial(raise_if_gone, {ENVIRON_KEY: line})
        watch()
        reader.close()
        columns = [StreamColumn(name="a", kind="string", source=asleep)]
        with (
            pytest.raises(ConnectionResetError),
            closing(RowStream(rows, columns, "csv", watch=watch)) as stream,
        ):
            list(stream)
    await_no_stream()


@pytest.mark.usefixtures("committed")
def test_a_cancelled_or_refused_query_is_no_end_of_the_rows() -> None:
    with table():
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {StreamedRow._meta.db_table} (name) SELECT repeat(md5(n::text), 30) "  # noqa: S608
                "FROM generate_series(1, 12000) n"
            )
        rows = StreamedRow._base_manager.order_by("id")
        stream = RowStream(rows, COLUMNS[:3], "csv")
        next(stream)
        stream.cancel()
        with pytest.raises(StreamBroken):
            list(stream)
        stream.close()
        with (
            pytest.raises(StreamBroken, match="statement timeout"),
            closing(RowStream(rows.order_by("name"), COLUMNS[:3], "csv", limit_s=0.002)) as slow,
        ):
            list(slow)
    with pytest.raises(StreamBroken, match="does not exist"):
        RowStream(StreamedRow._base_manager.order_by("id"), COLUMNS[:3], "csv")
    await_no_stream()
