"""Boards from nothing but evidence: every cell of an export, by the function that refreshes one cell.

DuckDB groups the rows, `combining.combined` makes of each group what a cell says. So a rebuild and a refresh give the
same digits, and anyone with the file can have them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from measurements.boards.combining import ROW_FIELDS, combined, row_of
from measurements.boards.models import Cell
from measurements.boards.services import refresh_cell
from measurements.review.models import CELL_FIELDS

if TYPE_CHECKING:
    from pathlib import Path

Key = tuple[Any, ...]
"""The values of `CELL_FIELDS`, in their order."""

AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A cell that does not say what its evidence does.

    `names` are the fields that differ, empty where the cell is not shown or has no evidence.
    """

    key: Key
    names: list[str]
    shown: bool
    rebuilt: bool


def rebuilt(file: Path, *, processes: int = 1) -> Iterator[tuple[Key, dict[str, Any]]]:
    """(key, what it says) of every cell that the evidence in `file` makes, in the order of keys."""
    grouped = _grouped(file)
    if processes == 1:
        yield from map(_combine, grouped)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_combine, grouped, chunksize=AT_ONCE)


def differences(file: Path, *, processes: int = 1) -> list[Difference]:
    """Every cell that differs, to the last digit, from what is rebuilt from `file`."""
    shown = {tuple(getattr(cell, name) for name in CELL_FIELDS): cell for cell in Cell.objects.iterator()}
    found = []
    for key, said in rebuilt(file, processes=processes):
        cell = shown.pop(key, None)
        names = [] if cell is None else [name for name, value in said.items() if getattr(cell, name) != value]
        if cell is None or names:
            found.append(Difference(key=key, names=names, shown=cell is not None, rebuilt=True))
    found += [Difference(key=key, names=[], shown=True, rebuilt=False) for key in shown]
    return found


def mend(found: Iterable[Difference]) -> int:
    """Refresh the cells that differ, each by its own evidence in the database; returns how many."""
    keys = [difference.key for difference in found]
    for key in keys:
        refresh_cell(key=dict(zip(CELL_FIELDS, key, strict=True)))
    return len(keys)


def _grouped(file: Path) -> Iterator[tuple[Key, list[Mapping[str, Any]]]]:
    """Every cell's rows, by one query."""
    keys, columns = ", ".join(CELL_FIELDS), ", ".join(f"{name} := {name}" for name in ROW_FIELDS)
    with duckdb.connect() as database:
        cursor = database.execute(
            f"SELECT {keys}, list(struct_pack({columns})) FROM read_parquet(?) GROUP BY ALL ORDER BY ALL",  # noqa: S608
            [str(file)],
        )
        while chunk := cursor.fetchmany(AT_ONCE):
            for *key, rows in chunk:
                yield tuple(key), rows


def _combine(group: tuple[Key, list[Mapping[str, Any]]]) -> tuple[Key, dict[str, Any]]:
    key, rows = group
    return key, combined(
        [
            row_of([json.loads(row[name]) if name == "quality" else row[name] for name in ROW_FIELDS])
            for row in rows
        ]
    )
