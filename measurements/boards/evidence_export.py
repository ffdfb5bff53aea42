"""The evidence under the boards as one file: a line for each eligible result, with all that its cell is made of."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import duckdb
from django.db import connection

from measurements.review.models import Result

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = {
    "suite_id": "BIGINT",
    "dataset_id": "BIGINT",
    "model_id": "BIGINT",
    "hardware_class_id": "BIGINT",
    "grade": "VARCHAR",
    "scope": "VARCHAR",
    "stratum": "VARCHAR",
    "device_id": "BIGINT",
    "contributor_id": "BIGINT",
    "device__tag": "VARCHAR",
    "energy_per_query_j": "DOUBLE",
    "method_u": "DOUBLE",
    "window_u": "DOUBLE",
    "window_count": "BIGINT",
    "meter": "VARCHAR",
    "mean_power_w": "DOUBLE",
    "hardware_class__title": "VARCHAR",
    "submission__ticket_id": "VARCHAR",
    "energy_gross_j": "DOUBLE",
    "output_tokens": "BIGINT",
    "input_tokens": "BIGINT",
    "latency_p50_s": "DOUBLE",
    "peak_memory_bytes": "BIGINT",
    "quality": "VARCHAR",
}
"""Columns of the file with their types: a cell's key, the device, and what `combining` needs; quality is JSON."""

CHUNK = 20_000


DIALECT = """auto_detect=false, header=false, delim=',', quote='"', escape='"', nullstr=''"""
"""Of the lines in between. Nothing is guessed: there may be none, as on a new platform."""


def export_evidence(file: Path) -> int:
    """Write every eligible result to `file` (Parquet, zstd); returns how many. Reads the database in one statement.

    Floating-point numbers keep all of their bits.
    """
    names = tuple(COLUMNS)
    lines = file.with_suffix(".csv")
    try:
        _write_lines(lines, names)
        with duckdb.connect() as database:
            typed = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
            copied = database.execute(
                f"COPY (SELECT * FROM read_csv(?, {DIALECT}, columns={{{typed}}})) "  # noqa: S608 - our types
                "TO ? (FORMAT parquet, COMPRESSION zstd)",
                [str(lines), str(file)],
            ).fetchone()
    finally:
        lines.unlink(missing_ok=True)
    return int(copied[0]) if copied else 0


def _write_lines(file: Path, names: tuple[str, ...]) -> None:
    rows = Result.objects.eligible().order_by().values_list(*names)
    if connection.vendor == "postgresql":
        statement, parameters = rows.query.sql_with_params()
        copy = f"COPY ({statement}) TO STDOUT (FORMAT csv)"
        with (
            file.open("wb") as out,
            connection.cursor() as cursor,
            cursor.cursor.copy(copy, parameters) as copied,
        ):
            for block in copied:
                out.write(block)
        return
    with file.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text)
        for *values, quality in rows.iterator(chunk_size=CHUNK):
            writer.writerow(["" if value is None else value for value in values] + [json.dumps(quality)])
