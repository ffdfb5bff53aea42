"""Writes of the boards: recompute the cells that results touch, and what is derived of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from django.db import DataError, IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from joulemark.leaderboard.cell_content import aggregate_results
from measurements.boards import cell_storage
from measurements.boards.equal_size import due_factors, refresh_due_factor
from measurements.boards.job_models import JobViews
from measurements.boards.job_needs import (
    JobKey,
    job_counts_behind,
    refresh_job_counts,
    refresh_job_demand,
)
from measurements.boards.models import Cell, DueRefresh
from measurements.boards.part_key import PartKey
from measurements.boards.part_storage import (
    part_states,
    parts_behind,
    refresh_part,
    refresh_part_if_behind,
)
from measurements.review.cell_key import CELL_FIELDS, CellKey
from measurements.review.cell_turns import take_turn
from measurements.review.models import Result
from measurements.review.sweep_position import ROWS_PER_SWEEP, next_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

logger = logging.getLogger(__name__)

KEEP_VIEWS = timedelta(days=90)

CELLS_PER_SWEEP = 200
"""Cells that each sweep recomputes without a sign of a fault: about a second's work, and all of 5,000 in 25 minutes."""

DUE_CELLS = 1000
"""Marked cells that one message recomputes at most; the next one goes on."""

PARTS_PER_SWEEP = 5
"""Parts that each sweep derives anew without such a sign."""

Subject = TypeVar("Subject")


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
        # what devices say is compared within devices: it has a version too where the cell says the same as before
        changed = stored.content != content or stored.devices != devices
        if (
            changed
            and stored.devices == devices
            and cell_storage.lacks_only_later_fields(stored.content, content)
        ):
            cell_storage.complete_cell(key, content)
        elif changed:
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
    """Recompute the cells of these results, each once, and what is derived of their parts; returns how many changed.

    Submissions without numbers have no cell. With `every_s` a cell that was recomputed in the last so many seconds is
    left to its mark (`refresh_due_cells`).
    """
    return _refresh_each(
        _whose_turn_it_is(Result.objects.filter(pk__in=result_ids).cell_keys(), every_s=every_s)
    )


def refresh_due_cells(*, every_s: int = 0) -> int:
    """Recompute the cells that are marked, at most `DUE_CELLS`, as `refresh_cells_of`; returns how many changed."""
    return _refresh_each(_whose_turn_it_is(DueRefresh.objects.oldest_cells(most=DUE_CELLS), every_s=every_s))


def _whose_turn_it_is(keys: Iterable[CellKey], *, every_s: int) -> Iterator[CellKey]:
    """Those whose turn has come, each asked when it is about to be recomputed."""
    return (key for key in keys if take_turn("refresh", key, every_s=every_s))


def _refresh_each(keys: Iterable[CellKey]) -> int:
    """Refresh cells, then the parts that they lie in and the counts of their jobs; returns how many cells changed."""
    refreshes, parts, jobs = _Refreshes(), dict[PartKey, None](), set[JobKey]()

    def refresh(key: CellKey) -> bool:
        parts[PartKey.of(key)] = None
        is_changed = refresh_cell(key=key)
        if is_changed:
            jobs.add(JobKey.of(key))
        return is_changed

    changed = refreshes.run(refresh, keys)
    refreshes.run(refresh_part_if_behind, parts)
    refresh_job_counts(jobs)
    refreshes.raise_first_fault()
    return changed


class _Refreshes:
    """Refreshes one after another. A fault in one does not stop the others; the first is raised last."""

    def __init__(self) -> None:
        self._faults: list[Exception] = []

    def run(self, refresh: Callable[[Subject], bool], subjects: Iterable[Subject]) -> int:
        """The number of subjects that changed."""
        changed = 0
        for subject in subjects:
            try:
                changed += refresh(subject)
            except (ArithmeticError, LookupError, TypeError, ValueError, DataError, IntegrityError) as fault:
                logger.exception("%s cannot be refreshed", subject)
                self._faults.append(fault)
        return changed

    def raise_first_fault(self) -> None:
        """Raise the first fault, if there was any."""
        if self._faults:
            raise self._faults[0]


def refresh_stale_cells() -> int:
    """Recompute what a lost message has left behind, cells first; return how many cells changed.

    Of what is derived: parts that are behind their cells, large ones among them, factors at equal size, and counts of
    jobs; and `PARTS_PER_SWEEP` other parts each minute, all in turn.
    """
    refreshes = _Refreshes()
    changed = refreshes.run(lambda key: refresh_cell(key=key), _stale_cells())
    refreshes.run(refresh_part, _stale_parts())
    refreshes.run(refresh_due_factor, due_factors())
    refresh_job_counts(job_counts_behind())
    refresh_job_demand()
    refreshes.raise_first_fault()
    return changed


def _stale_parts() -> Iterable[PartKey]:
    states = part_states(Cell.objects.all())
    return dict.fromkeys([*parts_behind(states), *_in_turn(states, PARTS_PER_SWEEP)])


def _in_turn(subjects: Collection[PartKey], n_per_sweep: int) -> list[PartKey]:
    """About `n_per_sweep` of the subjects: others in each minute, until all have had their turn."""
    turns = -(-len(subjects) // n_per_sweep) or 1
    now = int(timezone.now().timestamp() // 60)
    return [subject for place, subject in enumerate(sorted(subjects)) if place % turns == now % turns]


def _stale_cells() -> Iterable[CellKey]:
    """Cells that lack what values have had since, and of what nobody marked those whose turn it is.

    Their turn have `CELLS_PER_SWEEP` cells, which are recomputed whatever they say, and `ROWS_PER_SWEEP` results, whose
    cell is derived where there is none.
    """
    cells = Cell.objects.all()
    stored = Cell.objects.filter(**{name: OuterRef(name) for name in CELL_FIELDS})
    results = next_rows("boards.results", Result.objects.all(), most=ROWS_PER_SWEEP)
    stale = results.eligible().filter(~Exists(stored)).cell_keys()
    for lacking in (
        cells.without_second_interval(),
        cells.without_unit_energies(),
        cells.without_latency(),
        next_rows("boards.cells", cells, most=CELLS_PER_SWEEP),
    ):
        stale += [CellKey(*values) for values in lacking.order_by().values_list(*CELL_FIELDS)]
    return dict.fromkeys(sorted(stale))


def forget_old_views() -> int:
    """Remove page views that are older than 90 days; returns how many rows."""
    removed, _ = JobViews.objects.filter(day__lt=timezone.now().date() - KEEP_VIEWS).delete()
    return removed
