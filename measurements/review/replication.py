"""Adaptive replication: results are compared with others', and whoever agrees often needs others less.

As in BOINC: every result of a contributor asks for another contributor's, until ten in a row have agreed; from then on
one in so many does, chosen by the result's own digest, so that nobody can tell beforehand which. One disagreement and
it begins anew.

A comparison is derived, and what it was made from may change. Whoever changes a result marks its cell in the same
transaction (`touch`) and takes the row of an accepted one away (`forget`), so a lost message leaves a trace that the
sweep finds. A cell is compared from a snapshot, without holding any row; then each row is written whose own result is
still the one that was read. One that changed meanwhile has left a mark, and is compared again.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Q

from joulemark.consensus.agreement import Agreement as ComputedAgreement
from joulemark.consensus.agreement import ContributorReport, compare_all
from measurements.concurrency.advisory_locks import key_of, session_lock
from measurements.intake.models import State
from measurements.review.cell_key import CELL_FIELDS, CellKey
from measurements.review.cell_turns import take_turn
from measurements.review.due_cells import DueComparison
from measurements.review.models import TRUSTED_AFTER, Agreement, Result, Standing
from measurements.review.signals import cells_compared, cells_touched
from measurements.review.standings import refresh_standings
from measurements.review.sweep_position import ROWS_PER_SWEEP, next_rows

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 1000
"""Agreements that one transaction writes at most."""

Row = tuple[Hashable, bool | None, float | None, float | None, int, bool]
"""What an agreement has beside its result: the columns of ROW."""
ROW = ("contributor", "agrees", "relative", "tolerance", "n_others", "wants_replication")


def compare_results(*, result_ids: Sequence[str], every_s: int = 0) -> int:
    """Compare anew all results of the cells that these results lie in; returns how many results were compared.

    Running it twice changes nothing. With `every_s` a cell that was compared in the last so many seconds, or is being
    compared, is left to its mark (`compare_due`).
    """
    return _compare_each(Result.objects.filter(pk__in=result_ids).cell_keys(), every_s=every_s)


def compare_due(*, most: int, every_s: int = 0) -> int:
    """Compare the cells that are marked, at most `most`, as `compare_results`; returns how many results."""
    return _compare_each(DueComparison.objects.oldest_cells(most=most), every_s=every_s)


def compare_stale(*, most: int, every_s: int = 0) -> int:
    """Compare cells of which a result has no comparison and should, or the reverse; at most `most` at once.

    Returns how many. They are those of rows that nobody marked, as a restored backup may have them: `ROWS_PER_SWEEP`
    results are looked at, others each time. A cell for which there is no time is marked.
    """
    accepted = Q(submission__state=State.ACCEPTED)
    stale = next_rows("review.comparisons", Result.objects.all(), most=ROWS_PER_SWEEP).filter(
        (accepted & Q(agreement__isnull=True)) | (~accepted & Q(agreement__isnull=False))
    )
    cells = sorted(stale.cell_keys())
    marks = DueComparison.objects.filter(**{name: OuterRef(name) for name in CELL_FIELDS})
    DueComparison.objects.mark(stale.filter(~Exists(marks)).cell_keys())
    _compare_each(cells[:most], every_s=every_s)
    return len(cells[:most])


def touch(cells: Iterable[CellKey]) -> None:
    """Mark cells, within the transaction that changes results of them: all that is derived of them is due."""
    touched = set(cells)
    if touched:
        DueComparison.objects.mark(touched)
        cells_touched.send(sender=DueComparison, cells=touched)


def forget(*, result_ids: Sequence[str]) -> None:
    """Delete the agreements of these results, within the transaction that changes them."""
    agreements = Agreement.objects.select_for_update().filter(pk__in=result_ids).order_by("pk")
    Agreement.objects.filter(pk__in=list(agreements.values_list("pk", flat=True))).delete()


def cells_of(result_ids: Sequence[str]) -> dict[str, CellKey]:
    """The cell in which each of these results lies now."""
    rows = Result.objects.filter(pk__in=result_ids).values_list("pk", *CELL_FIELDS)
    return {result_id: CellKey(*values) for result_id, *values in rows}


def forget_left(before: Mapping[str, CellKey]) -> None:
    """As `forget`, for the results of every cell that one of these results has left since `before`."""
    now = cells_of(list(before))
    for left in [cell for result_id, cell in before.items() if now.get(result_id) != cell]:
        forget(result_ids=list(Result.objects.of_cell(left).values_list("pk", flat=True)))


def _compare_each(cells: Iterable[CellKey], *, every_s: int) -> int:
    """The number of results compared. A fault in one cell does not stop the others; the first is raised last."""
    n_compared, faults = 0, []
    for cell in cells:
        try:
            n_compared += _compare_in_turn(cell, every_s=every_s)
        except (ArithmeticError, LookupError, TypeError, ValueError, DataError, IntegrityError) as fault:
            logger.exception("the cell %s cannot be compared", cell)
            faults.append(fault)
    if faults:
        raise faults[0]
    return n_compared


def _compare_in_turn(cell: CellKey, *, every_s: int) -> int:
    if not take_turn("comparison", cell, every_s=every_s):
        return 0
    with _alone(cell, waits=not every_s) as is_first:
        return _compare_cell(cell) if is_first else 0


@contextmanager
def _alone(cell: CellKey, *, waits: bool) -> Iterator[bool]:
    """Whether nobody else compares this cell; if so, nobody begins before the block ends.

    The last to write is then the last to read. No row is held for it, and on PostgreSQL no transaction is open. SQLite
    has one writer.
    """
    if connection.vendor == "postgresql":
        with session_lock(key_of(f"comparison {cell.values}"), waits=waits) as is_first:
            yield is_first
    else:
        with transaction.atomic():
            yield True


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a comparison was computed from. `reports` are those of eligible results, `agreements` the stored rows."""

    reports: Mapping[str, ContributorReport]
    agreements: Mapping[str, Row]
    in_a_row: Mapping[Hashable, int]

    @classmethod
    def of(cls, cell: CellKey) -> Snapshot:
        """Read a cell."""
        rows = Agreement.objects.filter(result__in=Result.objects.of_cell(cell)).values_list("pk", *ROW)
        reports = _read_reports(cell)
        standings = Standing.objects.filter(
            contributor__in=Result.objects.of_cell(cell).order_by().values("contributor")
        )
        return cls(
            reports=reports,
            agreements={result_id: tuple(row) for result_id, *row in rows},
            in_a_row=dict(standings.values_list("contributor", "in_a_row")),
        )


def _compare_cell(cell: CellKey) -> int:
    """Marks are read first and deleted last: whoever changes a result later has left one that stays."""
    marks = list(DueComparison.objects.of_cell(cell).values_list("pk", flat=True))
    read = Snapshot.of(cell)
    computed = compare_all(list(read.reports.values()))
    rows = {
        result_id: _agreement(result_id, report, agreement, read.in_a_row.get(report.contributor, 0))
        for (result_id, report), agreement in zip(read.reports.items(), computed, strict=True)
    }
    changed = iter(
        sorted(result_id for result_id in rows if rows[result_id] != read.agreements.get(result_id))
    )
    while some := list(islice(changed, ROWS_AT_ONCE)):
        _write_unchanged(cell, {result_id: rows[result_id] for result_id in some}, read)
    Agreement.objects.filter(result__in=Result.objects.of_cell(cell)).exclude(
        result__submission__state=State.ACCEPTED
    ).delete()
    touched = Result.objects.of_cell(cell).order_by().values_list("contributor", flat=True).distinct()
    refresh_standings(list(touched))
    DueComparison.objects.filter(pk__in=marks).delete()
    cells_compared.send(sender=Agreement, cells=[cell])
    return len(rows)


@transaction.atomic
def _write_unchanged(cell: CellKey, rows: Mapping[str, Row], read: Snapshot) -> None:
    """Write agreements whose results are as they were read, and of which none was forgotten since."""
    stored = Agreement.objects.select_for_update().filter(pk__in=rows).order_by("pk")
    present = set(stored.values_list("pk", flat=True))
    reports = _read_reports(cell, result_ids=rows)
    Agreement.objects.bulk_create(
        [
            Agreement(result_id=result_id, **dict(zip(COLUMNS, row, strict=True)))
            for result_id, row in rows.items()
            if reports.get(result_id) == read.reports[result_id]
            and (result_id in present or result_id not in read.agreements)
        ],
        update_conflicts=True,
        unique_fields=["result"],
        update_fields=list(ROW),
    )


COLUMNS = ("contributor_id", *ROW[1:])
"""ROW as the attributes of an agreement."""


def _read_reports(
    cell: CellKey, *, result_ids: Collection[str] | None = None
) -> dict[str, ContributorReport]:
    """The reports of eligible results of a cell, or of those among `result_ids`, by which agreement is judged."""
    results = Result.objects.eligible().of_cell(cell)
    if result_ids is not None:
        results = results.filter(pk__in=result_ids)
    rows = results.order_by("started_at", "pk").values_list(
        "pk", "contributor", "device__tag", "energy_per_query_j", "method_u", "submission__ticket"
    )
    return {
        result_id: ContributorReport(
            contributor=contributor,
            device=tag,
            energy_per_query_j=energy_j,
            relative_u=u,
            announced=ticket is not None,
        )
        for result_id, contributor, tag, energy_j, u, ticket in rows
    }


def _agreement(
    result_id: str, report: ContributorReport, computed: ComputedAgreement | None, in_a_row: int
) -> Row:
    wants_replication = not (computed and computed.agrees) and _asks(result_id, in_a_row)
    if computed is None:
        return report.contributor, None, None, None, 0, wants_replication
    return (
        report.contributor,
        computed.agrees,
        computed.relative,
        computed.tolerance,
        computed.n_others,
        wants_replication,
    )


def _asks(result_id: str, in_a_row: int) -> bool:
    """Whether this result needs another's: always, but of a trusted contributor one in as many as have agreed."""
    return in_a_row < TRUSTED_AFTER or int(result_id[:12], 16) % in_a_row == 0
