"""Needed work: the jobs of a suite in the order in which one more result would teach most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, get_args

from django.db.models import Count
from django.utils import timezone

from joulemark.consensus.cell import Label
from joulemark.suite.estimate import estimate
from measurements.boards.models import Cell, JobViews
from measurements.catalog.models import Job
from measurements.display.choices import Tier
from measurements.intake.models import Ticket
from measurements.review.models import Result

if TYPE_CHECKING:
    from joulemark.suite import Suite

LABELS: tuple[Label, ...] = get_args(Label)
"""From the worst to the best."""

VIEWED_FOR = timedelta(days=30)
Pair = tuple[int, int]
"""Primary keys of a data set and a model."""


@dataclass(frozen=True, kw_only=True)
class KnownCell:
    """What a board has of a job on one hardware class, scope and configuration.

    `spread` is the standard deviation of one contributor around the value, `half_width` half of the 95 % interval
    between contributors, `relative_range` the largest minus the smallest contributor; all over the value, None for a
    single source. `hardware` and `hardware_title` are a code while nobody has confirmed the name; `hardware_words` are
    then the words of the contributor `hardware_words_of`.
    """

    hardware: str
    hardware_title: str
    hardware_words: str
    hardware_words_of: str
    grade: str
    scope: str
    stratum: str
    label: str
    tier: str
    contributors: int
    devices: int
    spread: float | None
    half_width: float | None
    relative_range: float | None

    @property
    def independent(self) -> int:
        """Independent devices: not more than contributors, nor than devices, which contributors may share."""
        return min(self.contributors, self.devices)

    @property
    def is_established(self) -> bool:
        """Whether a further result would teach little: enough contributors agree, and the interval is narrow."""
        return self.tier == Tier.ESTABLISHED

    @property
    def certainty(self) -> tuple[float, ...]:
        """Sorts the least certain first."""
        unknown = self.half_width is None
        return (self.is_established, self.independent, self.contributors, self.devices, not unknown,
                -(self.half_width or 0.0))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class NeededJob:
    """What is known of a job: counts over all hardware, grades and configurations, and its least certain cell.

    `contributors`, `devices` and `accepted` count the results that boards count, devices by their tag, as a cell
    does. `label` is the best of its cells, None without a cell. `views` are those of pages that show the
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
    cell: KnownCell | None
    views: int
    gpu_minutes: float | None

    @property
    def key(self) -> str:
        """The job's key in its suite, `task/dataset/model`."""
        return f"{self.task}/{self.dataset}/{self.model}"

    @property
    def is_established(self) -> bool:
        """Whether every cell of the job is: then it is needed no more on any hardware that it was measured on."""
        return self.cell is not None and self.cell.is_established

    @property
    def rank(self) -> tuple[float, ...]:
        """Sorts first what one more result would teach most; equals take the suite's tasks in turn.

        By the least certain cell: fewest independent devices, widest interval; then most viewed. What somebody may be
        measuring already stands back, and what is established comes last.
        """
        cell = self.cell
        has_interval = cell is not None and cell.half_width is not None
        return (
            self.is_established,
            cell.independent if cell else min(self.contributors, self.devices),
            cell.contributors if cell else self.contributors,
            cell.devices if cell else self.devices,
            self.open_tickets,
            -self.replications_wanted,
            has_interval,
            -(cell.half_width or 0.0) if cell else 0.0,
            -self.views,
        )


def read_needed(suite: Suite) -> list[NeededJob] | None:
    """The runnable jobs of `suite` by need, in six queries; None while the suite is not loaded into the database."""
    named = ("dataset__task__slug", "dataset__slug", "model__slug")
    rows = Job.objects.filter(suite__digest=suite.digest).values_list("pk", "dataset", "model", *named)
    jobs_by_key = {"/".join(names): (pk, (dataset, model)) for pk, dataset, model, *names in rows}
    if not jobs_by_key:
        return None
    results, tickets, cells = _results(suite.digest), _open_tickets(suite.digest), _cells(suite.digest)
    replications = _replications_wanted(suite.digest)
    views = JobViews.objects.since((timezone.now() - VIEWED_FOR).date())
    minutes = {cost.job: cost.gpu_minutes for cost in estimate(suite)}
    needed = []
    for job in suite.jobs:
        if suite.obstacle(job) is not None:
            continue
        pk, pair = jobs_by_key[job.key]
        accepted, contributors, devices = results.get(pair, (0, 0, 0))
        of_job = cells.get(pair, [])
        needed.append(
            NeededJob(
                task=job.task,
                dataset=job.dataset,
                model=job.model,
                accepted=accepted,
                contributors=contributors,
                devices=devices,
                replications_wanted=replications.get(pair, 0),
                open_tickets=tickets.get(pk, 0),
                label=max((cell.label for cell in of_job), key=LABELS.index, default=None),
                cell=min(of_job, key=lambda cell: cell.certainty, default=None),
                views=views.get(job.key, 0),
                gpu_minutes=minutes[job.key],
            )
        )
    turns = suite.task_turns()
    return sorted(needed, key=lambda job: (job.rank, turns[job.key]))


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


def _replications_wanted(digest: str) -> dict[Pair, int]:
    """The number of results of each data set and model that want replication by another contributor."""
    asking = Result.objects.eligible().filter(suite__digest=digest, agreement__wants_replication=True)
    counted = asking.order_by().values("dataset_id", "model_id").annotate(n=Count("pk"))
    return {(row["dataset_id"], row["model_id"]): row["n"] for row in counted}


def _cells(digest: str) -> dict[Pair, list[KnownCell]]:
    """The cells of each data set and model."""
    by_pair: dict[Pair, list[KnownCell]] = {}
    cells = Cell.objects.filter(suite__digest=digest).select_related("hardware_class").order_by("pk")
    for cell in cells:
        value, several = cell.energy_per_query_j, cell.label == Tier.SEVERAL
        by_pair.setdefault((cell.dataset_id, cell.model_id), []).append(
            KnownCell(
                hardware=cell.hardware_class.public_slug,
                hardware_title=cell.hardware_class.public_title,
                hardware_words=cell.hardware_class.reported_name,
                hardware_words_of=cell.hardware_class.reported_by,
                grade=cell.grade,
                scope=cell.scope,
                stratum=cell.stratum,
                label=cell.label,
                tier=cell.tier,
                contributors=cell.n_contributors,
                devices=cell.n_devices,
                spread=cell.spread,
                half_width=_half_width(cell),
                relative_range=(cell.most_j - cell.least_j) / value if several else None,
            )
        )
    return by_pair


def _half_width(cell: Cell) -> float | None:
    """Of the interval between contributors: what more of them can narrow; the sensors' common error they cannot."""
    if cell.between_low_j is None or cell.between_high_j is None:
        return None
    return float((cell.between_high_j - cell.between_low_j) / 2 / cell.energy_per_query_j)
