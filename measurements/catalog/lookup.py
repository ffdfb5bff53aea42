"""Rows of the catalogue by the names that suites, statements and publishers use for them: each table is read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from measurements.catalog.models import AiModel, DataSet, Suite, Task

if TYPE_CHECKING:
    from collections.abc import Iterable


class NamesJob(Protocol):
    """Whatever names a job: a job of a suite, a statement's workload, needed work."""

    @property
    def task(self) -> str:
        """The task's slug."""

    @property
    def dataset(self) -> str:
        """The data set's slug, which is unique within its task."""

    @property
    def model(self) -> str:
        """The model's slug."""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Tasks and models by slug, data sets by their task's slug and their own. Whoever adds a row enters it here too."""

    tasks: dict[str, Task]
    datasets: dict[tuple[str, str], DataSet]
    models: dict[str, AiModel]

    def dataset_of(self, job: NamesJob) -> DataSet:
        """The data set that a job names, with its task. Raises KeyError."""
        return self.datasets[job.task, job.dataset]

    def model_of(self, job: NamesJob) -> AiModel:
        """The model that a job names. Raises KeyError."""
        return self.models[job.model]


def read_catalogue(*, without_series: str | None = None) -> Catalogue:
    """The whole catalogue, in three queries; without the rows that only the published series of this name brought."""
    return Catalogue(
        tasks=Task.objects.exclude(known_from=without_series).in_bulk(field_name="slug"),
        datasets=DataSet.objects.exclude(known_from=without_series).by_name(),
        models=AiModel.objects.exclude(known_from=without_series).in_bulk(field_name="slug"),
    )


def read_catalogue_of(jobs: Iterable[NamesJob]) -> Catalogue:
    """The rows that `jobs` name, in two queries; a name that the catalogue lacks is left out."""
    named = list(jobs)
    datasets = DataSet.objects.filter(slug__in={job.dataset for job in named}).by_name()
    return Catalogue(
        tasks={row.task.slug: row.task for row in datasets.values()},
        datasets=datasets,
        models=AiModel.objects.in_bulk({job.model for job in named}, field_name="slug"),
    )


def suites_by_digest(digests: Iterable[str]) -> dict[str, Suite]:
    """The suite versions with these digests, by digest, in one query."""
    return Suite.objects.in_bulk(set(digests), field_name="digest")
