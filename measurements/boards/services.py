"""Writes of the boards: recompute the cells that results touch."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from joulemark.consensus.agreement import tier
from joulemark.consensus.cell import Reading, cell_value, log_median
from joulemark.consensus.quality import Score, quality_values
from measurements.boards.models import Cell, CellKey, DeviceValue, JobViews
from measurements.catalog.models import AiModel
from measurements.review.models import CELL_FIELDS, Result
from measurements.review.replication import compare_results, report_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEEP_VIEWS = timedelta(days=90)


def refresh_cell(*, key: CellKey) -> Cell | None:
    """Recompute the one cell at `key` from its eligible results and return it; None when nothing is left.

    Running it twice changes nothing. Refreshes of one model's cells queue on that model's row, so that the
    last one to write is also the last one to read.
    """
    with transaction.atomic():
        AiModel.objects.select_for_update(no_key=True).get(pk=key["model_id"])
        results = list(
            Result.objects.eligible()
            .of_cell(key)
            .select_related("device", "submission")
            .defer("submission__bundle", "submission__receipt")
        )
        if not results:
            Cell.objects.at(key).delete()
            return None
        cell = _write_cell(key, results)
        _write_device_values(cell, results)
    return cell


def refresh_cells_of(*, result_ids: Sequence[str]) -> list[Cell | None]:
    """Recompute the cells of these results, each once; None for one that is empty now.

    Submissions without numbers have no cell.
    """
    compare_results(result_ids=result_ids)
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


def _write_cell(key: CellKey, results: list[Result]) -> Cell:
    value = cell_value(
        Reading(contributor=r.contributor_id, device=r.device.tag, energy_per_query_j=r.energy_per_query_j)
        for r in results
    )
    quality = quality_values(
        Score(
            contributor=r.contributor_id,
            device=r.device.tag,
            metric=score["metric"],
            value=score["value"],
            n=score["n"],
            higher_is_better=score["higher_is_better"],
        )
        for r in results
        for score in r.quality
    )
    defaults: dict[str, Any] = asdict(value) | {
        "quality": [asdict(score) for score in quality],
        "tier": tier([report_of(result) for result in results]),
    }
    cell, _ = Cell.objects.update_or_create(**{name: key[name] for name in CELL_FIELDS}, defaults=defaults)
    return cell


def _write_device_values(cell: Cell, results: list[Result]) -> None:
    by_device: dict[int, list[float]] = {}
    for result in results:
        by_device.setdefault(result.device_id, []).append(result.energy_per_query_j)
    cell.device_values.all().delete()
    DeviceValue.objects.bulk_create(
        DeviceValue(cell=cell, device_id=device, energy_per_query_j=log_median(values), n_results=len(values))
        for device, values in by_device.items()
    )
