"""Writes of the boards: recompute the cells that results touch."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Count, Field
from django.utils import timezone

from joulemark.consensus.cell import log_median
from measurements.boards.combining import ROW_FIELDS, combined, row_of
from measurements.boards.models import (
    Cell,
    CellContent,
    CellKey,
    CellRevision,
    DeviceValue,
    JobViews,
)
from measurements.review.models import CELL_FIELDS, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

KEEP_VIEWS = timedelta(days=90)


def refresh_cell(*, key: CellKey) -> Cell | None:
    """Recompute the one cell at `key` from its eligible results and return it; None when nothing is left.

    Reads no result of another cell. Running it twice changes nothing, not even the board's version. Refreshes of one
    cell queue, so that the last one to write is also the last one to read.
    """
    with transaction.atomic():
        _queue(key)
        results = list(
            Result.objects.eligible().of_cell(key).order_by().values_list("device_id", *ROW_FIELDS)
        )
        shown = Cell.objects.at(key).first()
        if not results:
            if shown is not None:
                _remove(shown)
            return None
        said = combined([row_of(values) for _device, *values in results])
        if shown is None or any(getattr(shown, name) != value for name, value in said.items()):
            shown = _write_cell(key, said)
        _write_device_values(shown, results)
    return shown


def _queue(key: CellKey) -> None:
    """Wait until nobody else refreshes this cell; SQLite has one writer."""
    if connection.vendor != "postgresql":
        return
    named = "/".join(str(key[name]) for name in CELL_FIELDS)
    lock = int.from_bytes(hashlib.sha256(f"cell {named}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock])


def refresh_cells_of(*, result_ids: Sequence[str]) -> list[Cell | None]:
    """Recompute the cells of these results, each once; None for one that is empty now.

    Submissions without numbers have no cell.
    """
    keys = Result.objects.filter(pk__in=result_ids).order_by().values(*CELL_FIELDS).distinct()
    return [refresh_cell(key=dict(key)) for key in keys]


def refresh_stale_cells() -> int:
    """Recompute every cell that counts another number of results than are eligible; return how many.

    This finds what a lost message has left behind.
    """
    counts = Result.objects.eligible().order_by().values(*CELL_FIELDS).annotate(n=Count("pk"))
    eligible = {_key_values(row): row["n"] for row in counts}
    shown = {_key_values(row): row["n_results"] for row in Cell.objects.values(*CELL_FIELDS, "n_results")}
    stale = [values for values in eligible | shown if eligible.get(values) != shown.get(values)]
    for values in stale:
        refresh_cell(key=dict(zip(CELL_FIELDS, values, strict=True)))
    return len(stale)


def forget_old_views() -> int:
    """Remove what was counted of readers more than 90 days ago; return how many rows."""
    removed, _ = JobViews.objects.filter(day__lt=timezone.now().date() - KEEP_VIEWS).delete()
    return removed


def _key_values(row: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(row[name] for name in CELL_FIELDS)


def _write_cell(key: CellKey, said: dict[str, Any]) -> Cell:
    cell = Cell(**{name: key[name] for name in CELL_FIELDS}, **said)
    cell.version, cell.updated_at = _next_version(key)
    (written,) = Cell.objects.bulk_create(
        [cell],
        update_conflicts=True,
        unique_fields=list(CELL_FIELDS),
        update_fields=[*said, "version", "updated_at"],
    )
    CellRevision.objects.create(**_content(cell))
    return written if written.pk else Cell.objects.at(key).get()


def _remove(cell: Cell) -> None:
    key = {name: getattr(cell, name) for name in CELL_FIELDS}
    version, at = _next_version(key)
    CellRevision.objects.create(**_content(cell) | {"version": version, "updated_at": at, "gone": True})
    cell.delete()


def _content(cell: Cell) -> dict[str, Any]:
    """Everything of a cell but its row's number."""
    return {
        field.attname: getattr(cell, field.attname)
        for field in CellContent._meta.get_fields()
        if isinstance(field, Field)
    }


def _next_version(key: CellKey) -> tuple[int, datetime]:
    """The version and time of a change to a board. Its row is held until the change is there for all to see.

    So versions become visible in their order, and no two changes have one.
    """
    at = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(NEXT_VERSION, [key["suite_id"], key["grade"], at])
        (version,) = cursor.fetchone()
    return int(version), at


NEXT_VERSION = """
INSERT INTO boards_boardversion (suite_id, grade, version, changed_at) VALUES (%s, %s, 1, %s)
ON CONFLICT (suite_id, grade) DO UPDATE
SET version = boards_boardversion.version + 1, changed_at = excluded.changed_at RETURNING version
"""


def _write_device_values(cell: Cell, results: Sequence[Sequence[Any]]) -> None:
    """Write what has changed of what each device says."""
    by_device: dict[int, list[float]] = {}
    for device, _contributor, _tag, energy, *_rest in results:
        by_device.setdefault(device, []).append(energy)
    said = {device: (log_median(values), len(values)) for device, values in by_device.items()}
    known = {
        device: (energy, n)
        for device, energy, n in cell.device_values.values_list(
            "device_id", "energy_per_query_j", "n_results"
        )
    }
    if gone := known.keys() - said.keys():
        cell.device_values.filter(device__in=gone).delete()
    DeviceValue.objects.bulk_create(
        [
            DeviceValue(cell=cell, device_id=device, energy_per_query_j=energy, n_results=n)
            for device, (energy, n) in said.items()
            if known.get(device) != (energy, n)
        ],
        update_conflicts=True,
        unique_fields=["cell", "device"],
        update_fields=["energy_per_query_j", "n_results"],
    )
