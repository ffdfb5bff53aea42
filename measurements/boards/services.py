"""Writes of the boards: recompute the cells that results touch."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import DataError, IntegrityError, transaction
from django.db.models import Count
from django.utils import timezone

from measurements.boards import cell_storage
from measurements.boards.aggregate import aggregate_results
from measurements.boards.models import Cell, DueRefresh, JobViews
from measurements.review.cell_key import CELL_FIELDS, CellKey
from measurements.review.cell_turns import take_turn
from measurements.review.models import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

logger = logging.getLogger(__name__)

KEEP_VIEWS = timedelta(days=90)

CELLS_PER_SWEEP = 200
"""Cells that each sweep recomputes without a sign of a fault: about a second's work."""

DUE_CELLS = 1000
"""Marked cells that one message recomputes at most; the next one goes on."""


def refresh_cell(*, key: CellKey) -> bool:
    """Recompute the one cell at `key` from its eligible results; returns whether it changed.

    Reads no result of another cell. Running it twice changes nothing, not even the board's version. Refreshes of one
    cell queue, so that the last one to write is also the last one to read; changes of a board queue until they are
    there for all to see, so that versions become visible in their order and no two changes have one.
    """
    with transaction.atomic(), cell_storage.sent_together():
        cell_storage.delete_marks(key)
        stored = cell_storage.read_stored_cell(key)
        if not stored.results:
            if stored.content is not None:
                cell_storage.remove_cell(key)
            return stored.content is not None
        content, devices = aggregate_results(stored.results)
        changed = stored.content != content
        if changed:
            cell_storage.write_cell(key, content)
        cell_storage.write_devices(key, stored, devices)
    return changed


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How a cell differs from its evidence: `names` are the fields that differ, "devices" the values of devices.

    They are empty where it is not shown, or has no evidence.
    """

    names: list[str]
    is_shown: bool
    has_evidence: bool


@transaction.atomic
def faults_of(*, key: CellKey) -> Faults | None:
    """The faults of the cell at `key` against its eligible results; None where it equals them.

    Holds the lock of the cell, so that no refresh runs meanwhile.
    """
    stored = cell_storage.read_stored_cell(key)
    stored_content = stored.content
    if stored_content is None or not stored.results:
        same = stored_content is None and not stored.results
        return (
            None
            if same
            else Faults(names=[], is_shown=stored_content is not None, has_evidence=bool(stored.results))
        )
    content, devices = aggregate_results(stored.results)
    names = [name for name, value in content.items() if stored_content[name] != value]
    names += ["devices"] if stored.devices != devices else []
    return Faults(names=names, is_shown=True, has_evidence=True) if names else None


def refresh_cells_of(*, result_ids: Sequence[str], every_s: int = 0) -> int:
    """Recompute the cells of these results, each once; returns how many changed.

    Submissions without numbers have no cell. With `every_s` a cell that was recomputed in the last so many seconds is
    left to its mark (`refresh_due_cells`).
    """
    return _refresh_each(_in_turn(Result.objects.filter(pk__in=result_ids).cell_keys(), every_s=every_s))


def refresh_due_cells(*, every_s: int = 0) -> int:
    """Recompute the cells that are marked, at most `DUE_CELLS`, as `refresh_cells_of`; returns how many changed."""
    return _refresh_each(_in_turn(DueRefresh.objects.oldest_cells(most=DUE_CELLS), every_s=every_s))


def _in_turn(keys: Iterable[CellKey], *, every_s: int) -> Iterator[CellKey]:
    """Those whose turn has come, each asked when it is about to be recomputed."""
    return (key for key in keys if take_turn("refresh", key, every_s=every_s))


def _refresh_each(keys: Iterable[CellKey]) -> int:
    """The number of these cells that changed. A fault in one does not stop the others; the first is raised last."""
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
    many came as went, the number says nothing: `CELLS_PER_SWEEP` others are recomputed each minute, all in turn.
    """
    counts = Result.objects.eligible().order_by().values_list(*CELL_FIELDS).annotate(n=Count("pk"))
    eligible = {CellKey(*values): n for *values, n in counts}
    counted = {CellKey(*values): n for *values, n in Cell.objects.values_list(*CELL_FIELDS, "n_results")}
    stale = [key for key in eligible | counted if eligible.get(key) != counted.get(key)]
    for lacking in (Cell.objects.without_second_interval(), Cell.objects.without_unit_energies()):
        stale += [CellKey(*values) for values in lacking.values_list(*CELL_FIELDS)]
    turns = -(-len(counted) // CELLS_PER_SWEEP) or 1
    now = int(timezone.now().timestamp() // 60)
    in_turn = [key for place, key in enumerate(sorted(counted)) if place % turns == now % turns]
    return _refresh_each(dict.fromkeys([*stale, *in_turn]))


def forget_old_views() -> int:
    """Remove page views that are older than 90 days; returns how many rows."""
    removed, _ = JobViews.objects.filter(day__lt=timezone.now().date() - KEEP_VIEWS).delete()
    return removed
