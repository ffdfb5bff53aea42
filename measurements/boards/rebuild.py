"""Boards from nothing but evidence: every cell of an export, by the function that refreshes one cell.

DuckDB groups the rows and `aggregate_results` combines each group into a cell. So a rebuild and a refresh give the
same digits, and anyone with the file can have them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from joulemark.leaderboard.cell_content import ROW_FIELDS, DeviceSays, aggregate_results
from measurements.boards.models import Cell, DeviceValue
from measurements.boards.services import Faults, faults_of, refresh_cell
from measurements.review.cell_key import CELL_FIELDS, CellKey

if TYPE_CHECKING:
    from pathlib import Path

CELLS_PER_BATCH = 256


@dataclass(frozen=True, kw_only=True)
class RebuiltCell:
    """A cell as computed from its evidence, and the value of each device in it."""

    key: CellKey
    content: dict[str, Any]
    devices: dict[int, DeviceSays]


def rebuild_cells(file: Path, *, processes: int = 1) -> Iterator[RebuiltCell]:
    """Every cell of the evidence in `file`, in the order of keys."""
    grouped = _grouped(file)
    if processes == 1:
        yield from map(_combine, grouped)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_combine, grouped, chunksize=CELLS_PER_BATCH)


def differences(file: Path, *, processes: int = 1) -> dict[CellKey, Faults]:
    """Every cell that differs, to the last digit, from what is rebuilt from `file`, and still does when checked again.

    Results come and go while a file is written and read, so each difference is checked once more,
    against the evidence in the database and under the lock of the cell.
    """
    suspects = list(_suspects(file, processes))
    faults_by_key = {key: faults_of(key=key) for key in suspects}
    return {key: faults for key, faults in faults_by_key.items() if faults is not None}


def _suspects(file: Path, processes: int) -> Iterator[CellKey]:
    cells = {cell.key: cell for cell in Cell.objects.iterator()}
    devices: dict[int, dict[int, DeviceSays]] = {}
    values = DeviceValue.objects.values_list("cell_id", "device_id", "energy_per_query_j", "n_results")
    for number, device, energy, n in values.iterator():
        devices.setdefault(number, {})[device] = (energy, n)
    for rebuilt_cell in rebuild_cells(file, processes=processes):
        cell = cells.pop(rebuilt_cell.key, None)
        if (
            cell is None
            or any(getattr(cell, name) != value for name, value in rebuilt_cell.content.items())
            or devices.get(cell.pk) != rebuilt_cell.devices
        ):
            yield rebuilt_cell.key
    yield from cells


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
            f"SELECT {keys}, list(struct_pack({columns})) FROM read_parquet(?) GROUP BY ALL ORDER BY ALL",  # noqa: S608 - our names
            [str(file)],
        )
        while chunk := cursor.fetchmany(CELLS_PER_BATCH):
            for *key, rows in chunk:
                yield CellKey(*key), rows


def _combine(group: tuple[CellKey, list[Mapping[str, Any]]]) -> RebuiltCell:
    key, rows = group
    results = [
        (
            row["device_id"],
            *(json.loads(row[name]) if name == "quality" else row[name] for name in ROW_FIELDS),
        )
        for row in rows
    ]
    content, devices = aggregate_results(results)
    return RebuiltCell(key=key, content=content, devices=devices)
