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

from measurements.boards.combining import ROW_FIELDS, DeviceSays, evident
from measurements.boards.models import Cell, DeviceValue
from measurements.boards.services import Faults, faults_of, refresh_cell
from measurements.review.cell_key import CELL_FIELDS, CellKey

if TYPE_CHECKING:
    from pathlib import Path

AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """A cell as its evidence makes it, and what each device says in it."""

    key: CellKey
    said: dict[str, Any]
    devices: dict[int, DeviceSays]


def rebuilt(file: Path, *, processes: int = 1) -> Iterator[Rebuilt]:
    """Every cell that the evidence in `file` makes, in the order of keys."""
    grouped = _grouped(file)
    if processes == 1:
        yield from map(_combine, grouped)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_combine, grouped, chunksize=AT_ONCE)


def differences(file: Path, *, processes: int = 1) -> dict[CellKey, Faults]:
    """Every cell that differs, to the last digit, from what is rebuilt from `file`, and still does when asked again.

    Results come and go while a file is written and read, so a difference is asked for once more: whether the cell says
    what the database's own evidence does, while nobody refreshes it.
    """
    suspects = list(_suspects(file, processes))
    found = {key: faults_of(key=key) for key in suspects}
    return {key: faults for key, faults in found.items() if faults is not None}


def _suspects(file: Path, processes: int) -> Iterator[CellKey]:
    shown = {cell.key: cell for cell in Cell.objects.iterator()}
    devices: dict[int, dict[int, DeviceSays]] = {}
    values = DeviceValue.objects.values_list("cell_id", "device_id", "energy_per_query_j", "n_results")
    for number, device, energy, n in values.iterator():
        devices.setdefault(number, {})[device] = (energy, n)
    for one in rebuilt(file, processes=processes):
        cell = shown.pop(one.key, None)
        if (
            cell is None
            or any(getattr(cell, name) != value for name, value in one.said.items())
            or devices.get(cell.pk) != one.devices
        ):
            yield one.key
    yield from shown


def mend(keys: Iterable[CellKey]) -> int:
    """Refresh the cells that differ, each by its own evidence in the database; returns how many."""
    listed = list(keys)
    for key in listed:
        refresh_cell(key=key)
    return len(listed)


def _grouped(file: Path) -> Iterator[tuple[CellKey, list[Mapping[str, Any]]]]:
    """Every cell's rows, by one query."""
    names = ("device_id", *ROW_FIELDS)
    keys, columns = ", ".join(CELL_FIELDS), ", ".join(f"{name} := {name}" for name in names)
    with duckdb.connect() as database:
        cursor = database.execute(
            f"SELECT {keys}, list(struct_pack({columns})) FROM read_parquet(?) GROUP BY ALL ORDER BY ALL",  # noqa: S608
            [str(file)],
        )
        while chunk := cursor.fetchmany(AT_ONCE):
            for *key, rows in chunk:
                yield CellKey(*key), rows


def _combine(group: tuple[CellKey, list[Mapping[str, Any]]]) -> Rebuilt:
    key, rows = group
    results = [
        (
            row["device_id"],
            *(json.loads(row[name]) if name == "quality" else row[name] for name in ROW_FIELDS),
        )
        for row in rows
    ]
    said, devices = evident(results)
    return Rebuilt(key=key, said=said, devices=devices)
