"""Other ways to the same files: psycopg's COPY, short ways to Parquet, stock Django REST framework, Datasette."""

from __future__ import annotations

import http.client
import importlib.util
import io
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
from pyarrow import csv, parquet
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from benchmarks.data_rows import FIELDS, NAMES, PLAIN_COPY, TABLE, BenchRow
from benchmarks.serving import TIED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_LIMIT_S = 60.0
PAGE = 100


def copy_to(address: str) -> int:
    """All rows by psycopg's COPY TO as its documentation has it; returns the bytes."""
    n_bytes = 0
    with psycopg.connect(address) as server, server.cursor().copy(PLAIN_COPY) as copy:
        for block in copy:
            n_bytes += len(block)
    return n_bytes


def parquet_by_arrow(address: str, file: Path) -> None:
    """COPY into memory, pyarrow's reader of CSV, its writer of Parquet."""
    text = io.BytesIO()
    with psycopg.connect(address) as server, server.cursor().copy(PLAIN_COPY) as copy:
        for block in copy:
            text.write(block)
    text.seek(0)
    parquet.write_table(csv.read_csv(text), file, compression="zstd", compression_level=1)


def parquet_by_duckdb(address: str, file: Path) -> None:
    """COPY into a file, which DuckDB writes as Parquet."""
    import duckdb

    text = file.with_suffix(".csv")
    with text.open("wb") as out, psycopg.connect(address) as server, server.cursor().copy(PLAIN_COPY) as copy:
        for block in copy:
            out.write(block)
    with duckdb.connect() as database:
        database.execute(
            f"COPY (FROM read_csv('{text}')) TO '{file}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        )
    text.unlink()


def parquet_by_rows(address: str, file: Path) -> None:
    """Rows as Python's tuples, made into columns."""
    with psycopg.connect(address) as server, server.cursor() as cursor:
        rows = cursor.execute(f"SELECT {NAMES} FROM {TABLE} ORDER BY id").fetchall()  # noqa: S608 - our own names
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    table = pa.table(columns, names=[field.name for field in FIELDS])
    parquet.write_table(table, file, compression="zstd", compression_level=1)


PARQUET_WAYS: dict[str, Callable[[str, Path], None]] = {
    "pyarrow over COPY": parquet_by_arrow,
    "DuckDB over COPY": parquet_by_duckdb,
    "pyarrow over rows": parquet_by_rows,
}


class StockSerializer(serializers.ModelSerializer[BenchRow]):
    """What the documentation of Django REST framework begins with."""

    class Meta:
        model = BenchRow
        fields = "__all__"


def stock_list() -> bytes:
    """The first rows as its ModelSerializer and renderer write them."""
    rows = BenchRow._base_manager.order_by("id")[:PAGE]
    written: bytes = JSONRenderer().render({"next": None, "rows": StockSerializer(rows, many=True).data})
    return written


def has_datasette() -> bool:
    """Whether it is installed."""
    return importlib.util.find_spec("datasette") is not None


@contextmanager
def datasette(folder: Path, rows: Iterator[tuple[Any, ...]]) -> Iterator[int]:
    """Datasette serving the rows out of SQLite; yields its port."""
    file = folder / "data.db"
    marks = ", ".join("?" for _ in FIELDS)
    with sqlite3.connect(file) as database:
        database.execute(f"CREATE TABLE {TABLE} ({NAMES.replace('id,', 'id INTEGER PRIMARY KEY,', 1)})")
        database.executemany(f"INSERT INTO {TABLE} VALUES ({marks})", rows)  # noqa: S608 - our own names
    database.close()
    port = _free_port()
    words = [sys.executable, "-m", "datasette", "serve", "--immutable", str(file), "--port", str(port)]
    words += ["--setting", "max_csv_mb", "0", "--setting", "sql_time_limit_ms", "600000"]
    with subprocess.Popen([*TIED, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _await_port(port)
            yield port
        finally:
            server.terminate()


def fetch(port: int, path: str, *, encoding: str = "identity") -> int:
    """Download over HTTP; returns the bytes of the body. Raises RuntimeError for anything but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("GET", path, headers={"Accept-Encoding": encoding})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {answer.read(500)!r}")
    n_bytes = 0
    while piece := answer.read(1 << 18):
        n_bytes += len(piece)
    connection.close()
    return n_bytes


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(port: int) -> None:
    import socket

    until_s = time.monotonic() + START_LIMIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.1)
        else:
            return
