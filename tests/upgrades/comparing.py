"""What differs between boards before and after an upgrade, and between an upgraded database and a new one."""

from __future__ import annotations

import contextlib
import csv
import difflib
import sqlite3
import subprocess
from pathlib import Path

import psycopg

ROW = ("series", "task", "dataset", "model", "grade", "scope", "hardware", "stratum", "source")
"""The columns that say which row of a board a row is."""


def board_differences(before: Path, after: Path) -> list[str]:
    """A sentence for each board, row, column or value that was there before and is not there, or is another, now."""
    sentences = []
    for file in sorted(before.glob("*.csv")):
        now = after / file.name
        if not now.exists():
            sentences.append(f"{file.name} is gone")
            continue
        sentences += [f"{file.name}: {what}" for what in _table_differences(_rows(file), _rows(now))]
    return sentences


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def _table_differences(before: list[dict[str, str]], after: list[dict[str, str]]) -> list[str]:
    if not before:
        return []
    sentences = []
    if gone := sorted(set(before[0]) - set(after[0] if after else {})):
        sentences.append(f"without the columns {', '.join(gone)}")
    known = {_key(row): row for row in after}
    for row in before:
        now = known.get(_key(row))
        if now is None:
            sentences.append(f"without the row {_key(row)}")
            continue
        sentences += [
            f"{_key(row)}: {name} was {value!r} and is {now[name]!r}"
            for name, value in row.items()
            if name in now and now[name] != value and not _has_moved(name, row, now)
        ]
    return sentences


def _has_moved(name: str, before: dict[str, str], now: dict[str, str]) -> bool:
    """Why a unit's value has no interval had the column of why there is no value, before it had one of its own."""
    later = f"no_interval_{name.removeprefix('no_')}"
    is_reason = name.startswith("no_j_per_") and later not in before
    return is_reason and not now[name] and now.get(later) == before[name]


def _key(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in ROW)


def schema(database_url: str | None, folder: Path) -> list[str]:
    """The definitions of a database, a line each, in order: of tables, columns, constraints, indexes and triggers."""
    if database_url is None:
        with contextlib.closing(sqlite3.connect(folder / "data" / "joulemark.sqlite3")) as file:
            rows = file.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        return sorted(" ".join(text.split()) for (text,) in rows)
    with psycopg.connect(database_url) as connection:
        version = str(connection.execute("SHOW server_version_num").fetchall()[0][0])
    program = Path(f"/usr/lib/postgresql/{int(version) // 10000}/bin/pg_dump")
    command = [str(program) if program.exists() else "pg_dump", "--schema-only", "--no-owner", database_url]
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = (line.strip().rstrip(",") for line in dump.splitlines())
    return sorted(
        line for line in lines if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))
    )


def schema_differences(upgraded: list[str], new: list[str]) -> list[str]:
    """Lines that only one of them has: with `-` those of the new database, with `+` those of the upgraded one."""
    return [line for line in difflib.ndiff(new, upgraded) if line[0] in "-+"]
