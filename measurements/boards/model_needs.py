"""What is missing on the boards for one model: jobs of the current suites that nobody, or too few, have measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from measurements.boards.models import Cell
from measurements.catalog.models import Job
from measurements.catalog.suite_contents import shown_digests
from measurements.display.choices import Tier

if TYPE_CHECKING:
    from measurements.catalog.models import AiModel

MAX_JOBS = 50


@dataclass(frozen=True, kw_only=True)
class MissingWork:
    """A job of a model that one more result would help.

    Of its `n_cells` values on any hardware `n_open` are not established, `n_single` of a single source.
    """

    job: Job
    n_cells: int
    n_open: int
    n_single: int

    @property
    def is_untouched(self) -> bool:
        """Whether it has no value at all."""
        return self.n_cells == 0

    @property
    def command(self) -> str:
        """What measures it; suites of a platform are known to agents by their name."""
        dataset, suite = self.job.dataset, self.job.suite
        key = f"{dataset.task.slug}/{dataset.slug}/{self.job.model.slug}"
        return f"joulemark run --suite {suite.name} --only {key}"


@dataclass(frozen=True, kw_only=True)
class ModelNeeds:
    """The first of `n_missing` jobs that need work; `n_jobs` counts all of the model's."""

    work: list[MissingWork]
    n_missing: int
    n_jobs: int


def read_model_needs(model: AiModel) -> ModelNeeds:
    """The jobs of a model in the suites that this platform hands out, those without a value first; in two queries."""
    jobs = list(
        Job.objects.filter(model=model, suite__digest__in=shown_digests().values())
        .select_related("suite", "dataset__task", "model")
        .order_by("suite", "dataset__task__position", "dataset__slug")
    )
    counted = {
        (suite, dataset): counts
        for suite, dataset, *counts in Cell.objects.filter(model=model)
        .order_by()
        .values_list("suite", "dataset")
        .annotate(
            Count("pk"),
            n_open=Count("pk", filter=~Q(tier=Tier.ESTABLISHED)),
            n_single=Count("pk", filter=Q(tier=Tier.SINGLE)),
        )
    }
    work = []
    for job in jobs:
        n_cells, n_open, n_single = counted.get((job.suite_id, job.dataset_id), (0, 0, 0))
        if n_cells == 0 or n_open:
            work.append(MissingWork(job=job, n_cells=n_cells, n_open=n_open, n_single=n_single))
    work.sort(key=lambda missing: (not missing.is_untouched, -missing.n_single))
    return ModelNeeds(work=work[:MAX_JOBS], n_missing=len(work), n_jobs=len(jobs))
