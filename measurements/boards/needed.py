"""Needed work: the jobs of a suite in the order in which one more result would teach most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, get_args

from joulemark.consensus.cell import Label
from joulemark.suite.estimate import estimate
from measurements.boards.job_models import JobNeed
from measurements.boards.job_needs import OF_CELLS, OF_DEMAND, Counts, JobKey, counts_of, derive_counts
from measurements.boards.models import Cell
from measurements.catalog.cached_rows import hardware_by_key
from measurements.catalog.models import Job
from measurements.display.choices import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from joulemark.suite import Suite

LABELS: tuple[Label, ...] = get_args(Label)
"""From the worst to the best."""

NAMES = ("dataset__task__slug", "dataset__slug", "model__slug")
TITLES = ("dataset__task__title", "dataset__title", "model__title")
"""Of a job, in the order of its key in a suite."""

NOTHING: Counts = dict.fromkeys((*OF_CELLS, *OF_DEMAND), 0)
OF_CELL = (
    *(
        "hardware_class_id",
        "grade",
        "scope",
        "stratum",
        "label",
        "tier",
        "n_contributors",
        "n_devices",
        "spread",
    ),
    *("energy_per_query_j", "least_j", "most_j", "between_low_j", "between_high_j", "version"),
)
"""What is read of a cell; no more, since all of them are read."""


@dataclass(frozen=True, kw_only=True)
class KnownCell:
    """What a board has of a job on one hardware class, scope and configuration.

    `spread` is the standard deviation of one contributor around the value, `half_width` half of the 95 % interval
    between contributors, `relative_range` the largest minus the smallest contributor; all over the value, None for a
    single source. `hardware` and `hardware_title` are a code while nobody has confirmed the name; `hardware_words` are
    then the words of the contributor `hardware_words_of`. `version` is that of the board with which it last changed.
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
    n_contributors: int
    n_devices: int
    spread: float | None
    half_width: float | None
    relative_range: float | None
    version: int

    @property
    def independent(self) -> int:
        """Independent devices: not more than contributors, nor than devices, which contributors may share."""
        return min(self.n_contributors, self.n_devices)

    @property
    def is_established(self) -> bool:
        """Whether a further result would teach little: enough contributors agree, and the interval is narrow."""
        return self.tier == Tier.ESTABLISHED

    @property
    def certainty(self) -> tuple[float, ...]:
        """Sorts the least certain first."""
        unknown = self.half_width is None
        return (self.is_established, self.independent, self.n_contributors, self.n_devices, not unknown,
                -(self.half_width or 0.0))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class NeededJob:
    """What is known of a job: counts over all hardware, grades and configurations, and its least certain cell.

    `n_results`, `n_contributors` and `n_devices` count what boards count, devices by their tag, as a cell does. `label`
    is the best of its cells, None without a cell. `views` are those of pages that show the job, over the last 30 days.
    `gpu_minutes` is its time on the 2024 study's GPU, None where no source tells.
    """

    task: str
    dataset: str
    model: str
    task_title: str
    dataset_title: str
    model_title: str
    n_results: int
    n_contributors: int
    n_devices: int
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
            cell.independent if cell else min(self.n_contributors, self.n_devices),
            cell.n_contributors if cell else self.n_contributors,
            cell.n_devices if cell else self.n_devices,
            self.open_tickets,
            -self.replications_wanted,
            has_interval,
            -(cell.half_width or 0.0) if cell else 0.0,
            -self.views,
        )


def read_needed(suite: Suite) -> list[NeededJob] | None:
    """The runnable jobs of `suite` by need; None while the suite is not loaded into the database."""
    return read_needed_of([suite]).get(suite.digest)


def read_needed_of(suites: Sequence[Suite]) -> dict[str, list[NeededJob]]:
    """The runnable jobs of each suite by need, by its digest, in three queries for all; of a suite not loaded, none.

    Counts are stored; of a job that is behind its cells they are derived.
    """
    digests = [suite.digest for suite in suites]
    rows = Job.objects.filter(suite__digest__in=digests)
    jobs: dict[str, dict[str, _NamedJob]] = {}
    for digest, suite_id, dataset_id, model_id, task, dataset, model, *titles in rows.values_list(
        "suite__digest", *JobKey._fields, *NAMES, *TITLES
    ):
        key = JobKey(suite_id, dataset_id, model_id)
        jobs.setdefault(digest, {})[f"{task}/{dataset}/{model}"] = _NamedJob(key, *titles)
    counts = counts_of(JobNeed.objects.filter(suite__digest__in=digests))
    cells = _cells(digests)
    behind = [key for key, of_cells in cells.items() if not of_cells.is_of(counts.get(key, NOTHING))]
    for key, derived in derive_counts(behind).items():
        counts[key] = counts.get(key, NOTHING) | derived
    return {
        suite.digest: _by_need(suite, jobs[suite.digest], counts, cells)
        for suite in suites
        if suite.digest in jobs
    }


def _by_need(
    suite: Suite,
    jobs: Mapping[str, _NamedJob],
    counts: Mapping[JobKey, Counts],
    cells: Mapping[JobKey, _CellsOfJob],
) -> list[NeededJob]:
    minutes = {cost.job: cost.gpu_minutes for cost in estimate(suite)}
    needed = []
    for job in suite.jobs:
        if suite.obstacle(job) is not None:
            continue
        named = jobs[job.key]
        of_job, of_cells = counts.get(named.key, NOTHING), cells.get(named.key)
        needed.append(
            NeededJob(
                task=job.task,
                dataset=job.dataset,
                model=job.model,
                task_title=named.task_title,
                dataset_title=named.dataset_title,
                model_title=named.model_title,
                n_results=of_job["n_results"],
                n_contributors=of_job["n_contributors"],
                n_devices=of_job["n_devices"],
                replications_wanted=of_job["replications_wanted"],
                open_tickets=of_job["open_tickets"],
                label=of_cells.label if of_cells else None,
                cell=of_cells.least_certain if of_cells else None,
                views=of_job["views"],
                gpu_minutes=minutes[job.key],
            )
        )
    turns = suite.task_turns()
    return sorted(needed, key=lambda job: (job.rank, turns[job.key]))


class _NamedJob(NamedTuple):
    """A job's key in the database, and the titles of what it names."""

    key: JobKey
    task_title: str
    dataset_title: str
    model_title: str


@dataclass
class _CellsOfJob:
    """What the cells of a job say together: the best label, the least certain cell, and how far they have come."""

    label: str
    least_certain: KnownCell
    version: int
    n_cells: int

    def is_of(self, counts: Counts) -> bool:
        """Whether stored counts are those of these cells."""
        return (counts["version"], counts["n_cells"]) == (self.version, self.n_cells)

    def add(self, cell: KnownCell, version: int) -> None:
        """Take in one more cell."""
        self.label = max(self.label, cell.label, key=LABELS.index)
        self.least_certain = min(self.least_certain, cell, key=lambda each: each.certainty)
        self.version, self.n_cells = max(self.version, version), self.n_cells + 1


def _cells(digests: Sequence[str]) -> dict[JobKey, _CellsOfJob]:
    """The cells of each job, in one query that reads no more of a cell than is shown."""
    classes = hardware_by_key()
    by_job: dict[JobKey, _CellsOfJob] = {}
    cells = Cell.objects.filter(suite__digest__in=digests).order_by("pk")
    for row in cells.values(*JobKey._fields, *OF_CELL):
        hardware, energy_j = classes[row["hardware_class_id"]], row["energy_per_query_j"]
        cell = KnownCell(
            hardware=hardware.public_slug,
            hardware_title=hardware.public_title,
            hardware_words=hardware.reported_name,
            hardware_words_of=hardware.reported_by,
            grade=row["grade"],
            scope=row["scope"],
            stratum=row["stratum"],
            label=row["label"],
            tier=row["tier"],
            n_contributors=row["n_contributors"],
            n_devices=row["n_devices"],
            spread=row["spread"],
            half_width=_half_width(energy_j, row["between_low_j"], row["between_high_j"]),
            relative_range=(row["most_j"] - row["least_j"]) / energy_j
            if row["label"] == Tier.SEVERAL
            else None,
            version=row["version"],
        )
        job = JobKey(*(row[name] for name in JobKey._fields))
        if job in by_job:
            by_job[job].add(cell, row["version"])
        else:
            by_job[job] = _CellsOfJob(label=cell.label, least_certain=cell, version=row["version"], n_cells=1)
    return by_job


def _half_width(energy_j: float, low_j: float | None, high_j: float | None) -> float | None:
    """Of the interval between contributors: what more of them can narrow; the sensors' common error they cannot."""
    if low_j is None or high_j is None:
        return None
    return float((high_j - low_j) / 2 / energy_j)
