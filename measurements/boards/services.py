"""Writes of the boards: recompute the cells that results touch."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import DataError, IntegrityError, transaction
from django.db.models import Count
from django.utils import timezone

from measurements.boards import cell_rows
from measurements.boards.combining import evident
from measurements.boards.models import Cell, JobViews
from measurements.review.cell_key import CELL_FIELDS, CellKey
from measurements.review.models import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

logger = logging.getLogger(__name__)

KEEP_VIEWS = timedelta(days=90)

LOOKED_AT = 200
"""Cells that each sweep recomputes though nothing calls for it: about a second's work."""


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
        said, devices = evident(found.results)
        changed = found.said != said
        if changed:
            cell_rows.write_cell(key, said)
        cell_rows.write_devices(key, found, devices)
    return changed


@dataclass(frozen=True, kw_only=True)
class Faults:
    """A cell that does not say what its evidence does: `names` are the fields that differ, "devices" those of devices.

    They are empty where it is not shown, or has no evidence.
    """

    names: list[str]
    shown: bool
    evident: bool


@transaction.atomic
def faults_of(*, key: CellKey) -> Faults | None:
    """What the cell at `key` says otherwise than its eligible results do now; None where it is as they have it.

    Asked while nobody refreshes it.
    """
    found = cell_rows.read(key)
    shown = found.said
    if shown is None or not found.results:
        same = shown is None and not found.results
        return None if same else Faults(names=[], shown=shown is not None, evident=bool(found.results))
    said, devices = evident(found.results)
    names = [name for name, value in said.items() if shown[name] != value]
    names += ["devices"] if found.devices != devices else []
    return Faults(names=names, shown=True, evident=True) if names else None


def refresh_cells_of(*, result_ids: Sequence[str]) -> int:
    """Recompute the cells of these results, each once; returns how many changed.

    Submissions without numbers have no cell.
    """
    return _refresh_each(Result.objects.filter(pk__in=result_ids).cell_keys())


def _refresh_each(keys: Iterable[CellKey]) -> int:
    """How many of these cells changed. What trips over one does not keep the others; the first fault is raised then."""
    changed, faults = 0, []
    for key in keys:
        try:
            changed += refresh_cell(key=key)
        except (ArithmeticError, LookupError, TypeError, ValueError, DataError, IntegrityError) as fault:
            logger.exception("the cell %s cannot be refreshed", key)
            faults.append(fault)
    if faults:
        raise faults[0]
    return changed


def refresh_stale_cells() -> int:
    """Recompute the cells that a lost message has left behind; return how many changed.

    Those that count another number of results than are eligible, or lack what values have had since, at once. Where as
    many came as went, the number says nothing: so `LOOKED_AT` others are recomputed each minute, all of them in turn.
    """
    counts = Result.objects.eligible().order_by().values_list(*CELL_FIELDS).annotate(n=Count("pk"))
    eligible = {CellKey(*values): n for *values, n in counts}
    shown = {CellKey(*values): n for *values, n in Cell.objects.values_list(*CELL_FIELDS, "n_results")}
    stale = [key for key in eligible | shown if eligible.get(key) != shown.get(key)]
    for lacking in (Cell.objects.without_second_interval(), Cell.objects.without_unit_energies()):
        stale += [CellKey(*values) for values in lacking.values_list(*CELL_FIELDS)]
    turns = -(-len(shown) // LOOKED_AT) or 1
    now = int(timezone.now().timestamp() // 60)
    in_turn = [key for place, key in enumerate(sorted(shown)) if place % turns == now % turns]
    return _refresh_each(dict.fromkeys([*stale, *in_turn]))


def forget_old_views() -> int:
    """Remove what was counted of readers more than 90 days ago; return how many rows."""
    removed, _ = JobViews.objects.filter(day__lt=timezone.now().date() - KEEP_VIEWS).delete()
    return removed
