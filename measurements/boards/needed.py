"""Needed work: the jobs of a suite in the order in which one more result would teach most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count
from django.utils import timezone

from joulemark.suite.estimate import estimate
from measurements.boards.models import Cell, JobViews
from measurements.catalog.models import Job
from measurements.intake.models import Ticket
from measurements.review.models import Result

if TYPE_CHECKING:
    from joulemark.suite import Suite

SEVERAL = "several sources"
VIEWED_FOR = timedelta(days=30)
Pair = tuple[int, int]
"""Primary keys of a data set and a model."""


@dataclass(frozen=True, kw_only=True)
class NeededJob:
    """What is known of a job, over all hardware, grades and configurations that it was run on.

    `contributors`, `devices` and `accepted` count the results that boards count, devices by their tag, as a cell
    does. `relative_range` is (high - low) / value of the job's least certain cell among those with several sources,
    None without any. `label` is the best of its cells, None without a cell. `views` are those of pages that show the
    job, over the last 30 days. `gpu_minutes` is its time on the 2024 study's GPU, None where no source tells.
    """

    task: str
    dataset: str
    model: str
    accepted: int
    contributors: int
    devices: int
    replications_wanted: int
    open_tickets: int
    label: str | None
    relative_range: float | None
    views: int
    gpu_minutes: float | None

    @property
    def key(self) -> str:
        """The job's key in its suite, `task/dataset/model`."""
        return f"{self.task}/{self.dataset}/{self.model}"

    @property
    def independent(self) -> int:
        """Independent devices: not more than contributors, nor than devices, which contributors may share."""
        return min(self.contributors, self.devices)

    @property
    def rank(self) -> tuple[float, ...]:
        """Sorts first what one more result would teach most; equals keep the suite's order.

        Fewest independent devices, widest spread, most viewed; what somebody may be measuring already stands back.
        """
        known = self.relative_range is not None
        return (
            self.independent,
            self.contributors,
            self.devices,
            self.open_tickets,
            -self.replications_wanted,
            known,
            -(self.relative_range or 0.0),
            -self.views,
        )


def read_needed(suite: Suite) -> list[NeededJob] | None:
    """The runnable jobs of `suite` by need, in six queries; None while the suite is not loaded into the database."""
    named = ("dataset__task__slug", "dataset__slug", "model__slug")
    rows = Job.objects.filter(suite__digest=suite.digest).values_list("pk", "dataset", "model", *named)
    known = {"/".join(names): (pk, (dataset, model)) for pk, dataset, model, *names in rows}
    if not known:
        return None
    results, tickets, cells = _results(suite.digest), _open_tickets(suite.digest), _cells(suite.digest)
    wanted = _wanted(suite.digest)
    views = JobViews.objects.since((timezone.now() - VIEWED_FOR).date())
    minutes = {cost.job: cost.gpu_minutes for cost in estimate(suite)}
    needed = []
    for job in suite.jobs:
        if suite.obstacle(job) is not None:
            continue
        pk, pair = known[job.key]
        accepted, contributors, devices = results.get(pair, (0, 0, 0))
        label, relative_range = cells.get(pair, (None, None))
        needed.append(
            NeededJob(
                task=job.task,
                dataset=job.dataset,
                model=job.model,
                accepted=accepted,
                contributors=contributors,
                devices=devices,
                replications_wanted=wanted.get(pair, 0),
                open_tickets=tickets.get(pk, 0),
                label=label,
                relative_range=relative_range,
                views=views.get(job.key, 0),
                gpu_minutes=minutes[job.key],
            )
        )
    return sorted(needed, key=lambda job: job.rank)


def _results(digest: str) -> dict[Pair, tuple[int, int, int]]:
    """(accepted results, contributors, devices) of each data set and model."""
    eligible = Result.objects.eligible().filter(suite__digest=digest).order_by()
    counted = eligible.values("dataset_id", "model_id").annotate(
        accepted=Count("pk"),
        contributors=Count("contributor", distinct=True),
        devices=Count("device__tag", distinct=True),
    )
    return {
        (row["dataset_id"], row["model_id"]): (row["accepted"], row["contributors"], row["devices"])
        for row in counted
    }


def _open_tickets(digest: str) -> dict[int, int]:
    """How many tickets of each job somebody may be measuring under."""
    tickets = Ticket.objects.open(at=timezone.now()).filter(job__suite__digest=digest)
    return {row["job_id"]: row["n"] for row in tickets.values("job_id").annotate(n=Count("pk"))}


def _wanted(digest: str) -> dict[Pair, int]:
    """How many results of each data set and model ask for another contributor's beside them."""
    asking = Result.objects.eligible().filter(suite__digest=digest, agreement__wants_replication=True)
    counted = asking.order_by().values("dataset_id", "model_id").annotate(n=Count("pk"))
    return {(row["dataset_id"], row["model_id"]): row["n"] for row in counted}


def _cells(digest: str) -> dict[Pair, tuple[str, float | None]]:
    """(best label, widest range of a cell with several sources) of each data set and model."""
    found: dict[Pair, tuple[str, float | None]] = {}
    fields = ("dataset_id", "model_id", "label", "energy_per_query_j", "least_j", "most_j")
    for dataset, model, label, value, low, high in (
        Cell.objects.filter(suite__digest=digest).order_by("pk").values_list(*fields)
    ):
        best, widest = found.get((dataset, model), (label, None))
        if label == SEVERAL:
            best, widest = label, max(widest or 0.0, (high - low) / value)
        found[dataset, model] = (best, widest)
    return found
