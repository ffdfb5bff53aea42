"""Needed work: the jobs of a suite in the order in which one more result would teach most."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
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
    minutes = _gpu_minutes(suite)
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


_GPU_MINUTES: dict[str, dict[str, float | None]] = {}
"""By a suite's digest, which never means another suite: the minutes of each job."""


def _gpu_minutes(suite: Suite) -> dict[str, float | None]:
    if suite.digest not in _GPU_MINUTES:
        _GPU_MINUTES[suite.digest] = {cost.job: cost.gpu_minutes for cost in estimate(suite)}
    return _GPU_MINUTES[suite.digest]


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


class _CellRow(NamedTuple):
    """What is read of a cell; no more, since all of them are read."""

    suite_id: int
    dataset_id: int
    model_id: int
    hardware_class_id: int
    grade: str
    scope: str
    stratum: str
    label: str
    tier: str
    n_contributors: int
    n_devices: int
    spread: float | None
    energy_per_query_j: float
    least_j: float
    most_j: float
    between_low_j: float | None
    between_high_j: float | None
    version: int

    @property
    def half_width(self) -> float | None:
        """Of the interval between contributors: what more of them can narrow; the sensors' common error they cannot."""
        if self.between_low_j is None or self.between_high_j is None:
            return None
        return float((self.between_high_j - self.between_low_j) / 2 / self.energy_per_query_j)

    @property
    def certainty(self) -> tuple[float, ...]:
        """Sorts the least certain first."""
        half_width = self.half_width
        return (self.tier == Tier.ESTABLISHED, min(self.n_contributors, self.n_devices), self.n_contributors,
                self.n_devices, half_width is not None, -(half_width or 0.0))  # fmt: skip


def _cells(digests: Sequence[str]) -> dict[JobKey, _CellsOfJob]:
    """The cells of each job, in one query; of the least certain one alone all is formed that is shown."""
    by_job: dict[tuple[int, ...], list[_CellRow]] = {}
    cells = Cell.objects.filter(suite__digest__in=digests).order_by("pk")
    for row in map(_CellRow._make, cells.values_list(*_CellRow._fields)):
        by_job.setdefault(row[:3], []).append(row)
    return {
        JobKey(*key): _CellsOfJob(
            label=max((row.label for row in of_job), key=LABELS.index),
            least_certain=_known_cell(min(of_job, key=_certainty)),
            version=max(row.version for row in of_job),
            n_cells=len(of_job),
        )
        for key, of_job in by_job.items()
    }


_certainty = attrgetter("certainty")


def _known_cell(row: _CellRow) -> KnownCell:
    hardware = hardware_by_key()[row.hardware_class_id]
    is_of_several = row.label == Tier.SEVERAL
    return KnownCell(
        hardware=hardware.public_slug,
        hardware_title=hardware.public_title,
        hardware_words=hardware.reported_name,
        hardware_words_of=hardware.reported_by,
        grade=row.grade,
        scope=row.scope,
        stratum=row.stratum,
        label=row.label,
        tier=row.tier,
        n_contributors=row.n_contributors,
        n_devices=row.n_devices,
        spread=row.spread,
        half_width=row.half_width,
        relative_range=(row.most_j - row.least_j) / row.energy_per_query_j if is_of_several else None,
        version=row.version,
    )
