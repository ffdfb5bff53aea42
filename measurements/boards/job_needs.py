"""What is known of a job over all its cells, and who may be at it: derived and stored, so that needed work is read.

Counts follow from the cells of a job and the devices in them; whoever refreshes a cell derives them after it, and the
sweep those that are behind. Wishes for replication follow from agreements: they are counted of the jobs whose cells
were compared, and the sweep counts those of a few other jobs in turn, which finds what was written past comparisons.
Tickets and views end with the clock: the sweep counts them anew, so that they are up to a minute behind.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.db.models import Count, Max, Q, Sum
from django.utils import timezone

from measurements.boards.job_models import JobNeed, JobViews
from measurements.boards.models import Cell, DeviceValue
from measurements.catalog.models import Job
from measurements.concurrency.advisory_locks import key_of, lock_until_commit
from measurements.intake.models import Ticket
from measurements.review.models import Result
from measurements.review.sweep_position import next_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from measurements.review.cell_key import CellKey

VIEWED_FOR = timedelta(days=30)
KEYS_PER_QUERY = 100
"""SQLite takes no condition of more than a thousand alternatives."""
OF_CELLS = ("version", "n_cells", "n_results", "n_contributors", "n_devices")
OF_WISHES = ("replications_wanted",)
OF_CLOCK = ("open_tickets", "views")
OF_DEMAND = (*OF_WISHES, *OF_CLOCK)
JOBS_PER_SWEEP = 20
"""Jobs whose wishes a sweep counts in turn: each takes as many steps as the job has results that ask."""


class JobKey(NamedTuple):
    """Suite version, data set and model, by their primary keys."""

    suite_id: int
    dataset_id: int
    model_id: int

    @classmethod
    def of(cls, cell: CellKey | Cell) -> JobKey:
        """The job of a cell, or of the cell at a key."""
        return cls(cell.suite_id, cell.dataset_id, cell.model_id)


Counts = dict[str, int]


def derive_counts(keys: Iterable[JobKey]) -> dict[JobKey, Counts]:
    """The values of `OF_CELLS` for each job; 0 for one without a cell. Two queries for `KEYS_PER_QUERY` of them.

    Versions are read first: a cell that changes meanwhile leaves what is derived here behind it.
    """
    derived: dict[JobKey, Counts] = {}
    rest = iter(keys)
    while batch := list(islice(rest, KEYS_PER_QUERY)):
        derived |= {key: dict.fromkeys(OF_CELLS, 0) for key in batch}
        cells = Cell.objects.filter(_any_of(batch)).order_by().values_list(*JobKey._fields)
        for *key, version, n_cells, n_results in cells.annotate(
            Max("version"), Count("pk"), Sum("n_results")
        ):
            derived[JobKey(*key)] |= {"version": version, "n_cells": n_cells, "n_results": n_results}
        through = [f"cell__{name}" for name in JobKey._fields]
        values = DeviceValue.objects.filter(_any_of(batch, through="cell__")).order_by().values_list(*through)
        counted = values.annotate(
            Count("device__contributor", distinct=True), Count("device__tag", distinct=True)
        )
        for *key, n_contributors, n_devices in counted:
            derived[JobKey(*key)] |= {"n_contributors": n_contributors, "n_devices": n_devices}
    return derived


def refresh_job_counts(keys: Collection[JobKey]) -> int:
    """Derive the counts of these jobs and write what differs; returns how many did.

    Derivations of one job queue, so that the last one to write is also the last one to read.
    """
    if not keys:
        return 0
    with transaction.atomic():
        lock_until_commit([key_of("job " + "/".join(map(str, key))) for key in keys])
        return _write(derive_counts(keys), OF_CELLS)


def job_counts_behind() -> list[JobKey]:
    """Jobs whose stored counts are not those of their cells' versions."""
    cells = Cell.objects.order_by().values_list(*JobKey._fields).annotate(Max("version"), Count("pk"))
    current = {JobKey(*key): (version, n) for *key, version, n in cells}
    stored = {
        JobKey(*key): (version, n)
        for *key, version, n in JobNeed.objects.values_list(*JobKey._fields, "version", "n_cells")
    }
    return [key for key in current | stored if current.get(key, (0, 0)) != stored.get(key, (0, 0))]


def job_count_differences() -> list[JobKey]:
    """Jobs whose stored counts are current by their versions, and differ from what is derived of the cells."""
    behind = set(job_counts_behind())
    stored = {
        JobKey(*key): dict(zip(OF_CELLS, counts, strict=True))
        for *key, counts in (
            (*row[:3], row[3:]) for row in JobNeed.objects.values_list(*JobKey._fields, *OF_CELLS)
        )
    }
    derived = derive_counts(stored)
    return sorted(key for key in stored if stored[key] != derived[key] and key not in behind)


def refresh_job_demand() -> int:
    """Count open tickets and views of all jobs anew, and wishes of some in turn; returns how many jobs have changed."""
    now = timezone.now()
    demand: dict[JobKey, Counts] = {}

    def count(key: JobKey, name: str, n: int) -> None:
        of_job = demand.setdefault(key, dict.fromkeys(OF_CLOCK, 0))
        of_job[name] += n

    for key in JobNeed.objects.values_list(*JobKey._fields):
        demand[JobKey(*key)] = dict.fromkeys(OF_CLOCK, 0)
    jobs = {pk: JobKey(*key) for pk, *key in Job.objects.values_list("pk", *JobKey._fields)}
    tickets = Ticket.objects.open(at=now).order_by().values_list("job_id").annotate(Count("pk"))
    for job, n in tickets:
        count(jobs[job], "open_tickets", n)
    views = JobViews.objects.since((now - VIEWED_FOR).date())
    named = Job.objects.values_list(*JobKey._fields, "dataset__task__slug", "dataset__slug", "model__slug")
    for suite, dataset, model, *names in named if views else ():
        if n := views.get("/".join(names)):
            count(JobKey(suite, dataset, model), "views", n)
    in_turn = next_rows("boards.wishes", JobNeed.objects.all(), most=JOBS_PER_SWEEP)
    turns = [JobKey(*key) for key in in_turn.values_list(*JobKey._fields)]
    return _write(demand, OF_CLOCK) + refresh_replications_wanted(turns)


def refresh_replications_wanted(keys: Collection[JobKey]) -> int:
    """Count the results of these jobs that ask for a repetition, and write what differs; returns how many jobs did.

    Counts of one job queue, so that the last one to write is also the last one to read.
    """
    if not keys:
        return 0
    with transaction.atomic():
        lock_until_commit([key_of("wishes " + "/".join(map(str, key))) for key in keys])
        return _write(count_wishes(keys), OF_WISHES)


def count_wishes(keys: Iterable[JobKey]) -> dict[JobKey, Counts]:
    """The value of `OF_WISHES` for each job; one query for `KEYS_PER_QUERY` of them."""
    counted: dict[JobKey, Counts] = {}
    rest = iter(keys)
    while batch := list(islice(rest, KEYS_PER_QUERY)):
        counted |= {key: dict.fromkeys(OF_WISHES, 0) for key in batch}
        asking = (
            Result.objects.eligible().filter(_any_of(batch), agreement__wants_replication=True).order_by()
        )
        for *key, n in asking.values_list(*JobKey._fields).annotate(Count("pk")):
            counted[JobKey(*key)] = {"replications_wanted": n}
    return counted


def _write(counts: Mapping[JobKey, Counts], names: tuple[str, ...]) -> int:
    """Write some columns of jobs, where they differ from what is stored."""
    rows = JobNeed.objects.filter(_any_of(counts)) if len(counts) <= KEYS_PER_QUERY else JobNeed.objects.all()
    stored = {
        JobKey(*row[:3]): dict(zip(names, row[3:], strict=True))
        for row in rows.values_list(*JobKey._fields, *names)
    }
    nothing = dict.fromkeys(names, 0)
    changed = [
        JobNeed(**key._asdict(), **of_job)
        for key, of_job in sorted(counts.items())
        if stored.get(key, nothing) != of_job
    ]
    JobNeed.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["suite", "dataset", "model"], update_fields=names
    )
    return len(changed)


def _any_of(keys: Iterable[JobKey], *, through: str = "") -> Q:
    any_of = Q(pk__in=[])
    for key in keys:
        any_of |= Q(**{f"{through}{name}": value for name, value in key._asdict().items()})
    return any_of


def counts_of(needs: Iterable[Any]) -> dict[JobKey, Counts]:
    """Stored rows by their job, as numbers by name."""
    names = (*OF_CELLS, *OF_DEMAND)
    return {JobKey.of(need): {name: getattr(need, name) for name in names} for need in needs}
