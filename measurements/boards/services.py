"""Writes of the boards: recompute the cells that results touch."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from joulemark.consensus.cell import log_median
from measurements.boards import cell_rows
from measurements.boards.combining import combined, row_of
from measurements.boards.models import Cell, CellKey, JobViews
from measurements.review.models import CELL_FIELDS, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

KEEP_VIEWS = timedelta(days=90)


def refresh_cell(*, key: CellKey) -> bool:
    """Recompute the one cell at `key` from its eligible results; returns whether it changed.

    Reads no result of another cell. Running it twice changes nothing, not even the board's version. Refreshes of one
    cell queue, so that the last one to write is also the last one to read; changes of a board queue until they are
    there for all to see, so that versions become visible in their order and no two changes have one.
    """
    with transaction.atomic(), cell_rows.sent_together():
        found = cell_rows.read(key)
        if not found.results:
            if found.said is not None:
                cell_rows.remove_cell(key)
            return found.said is not None
        said = combined([row_of(values) for _device, *values in found.results])
        changed = found.said != said
        if changed:
            cell_rows.write_cell(key, said)
        cell_rows.write_devices(key, found, _by_device(found.results))
    return changed


def _by_device(results: Iterable[Sequence[Any]]) -> dict[int, cell_rows.DeviceSays]:
    by_device: dict[int, list[float]] = {}
    for device, _contributor, _tag, energy, *_rest in results:
        by_device.setdefault(device, []).append(energy)
    return {device: (log_median(values), len(values)) for device, values in by_device.items()}


def refresh_cells_of(*, result_ids: Sequence[str]) -> int:
    """Recompute the cells of these results, each once; returns how many changed.

    Submissions without numbers have no cell.
    """
    keys = Result.objects.filter(pk__in=result_ids).order_by().values(*CELL_FIELDS).distinct()
    return sum(refresh_cell(key=dict(key)) for key in keys)


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
