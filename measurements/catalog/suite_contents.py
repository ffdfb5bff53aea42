"""What the suites of this platform say of one model, data set or suite version: revisions, samples, jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.answer_cache.version_memo import while_unchanged
from measurements.catalog.models import AiModel, Job, Suite
from measurements.catalog.sources import PINNED_SUITES
from measurements.catalog.suites import current_digests, known_suites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

    from joulemark.suite import DataSet as SuiteDataSet
    from joulemark.suite import Model as SuiteModel
    from joulemark.suite import Suite as SuiteData


@dataclass(frozen=True, kw_only=True)
class ModelInSuite:
    """A model as one suite version names it; its revision is None where the suite fixes none."""

    suite: SuiteData
    model: SuiteModel

    @property
    def slug(self) -> str:
        """The suite's part of an address."""
        return suite_slug(self.suite)


@dataclass(frozen=True, kw_only=True)
class DataSetInSuite:
    """A data set as one suite version uses it; `is_current`: agents run this version when they are given its name."""

    suite: SuiteData
    dataset: SuiteDataSet
    n_models: int
    is_current: bool

    @property
    def slug(self) -> str:
        """The suite's part of an address."""
        return suite_slug(self.suite)

    @property
    def n_queries(self) -> int:
        """How many different queries one window runs, or all windows draw theirs from."""
        return self.suite.queries_per_window(self.dataset.id)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The scores that a result on it states."""
        return self.suite.quality_metrics(self.dataset.id)

    @property
    def command(self) -> str:
        """What measures one model on it."""
        model = next(job.model for job in self.suite.jobs if job.dataset == self.dataset.id)
        return f"joulemark run --suite {self.suite.name} --only {self.dataset.task}/{self.dataset.id}/{model}"


@while_unchanged(PINNED_SUITES)
def shown_digests() -> Mapping[str, str]:
    """What `current_digests` says, remembered while it holds: for pages alone, not for what receives results."""
    return current_digests()


def suite_slug(suite: SuiteData) -> str:
    """The suite's part of an address, such as `demo-1`."""
    return f"{suite.name}-{suite.version}"


def suites_of_model(slug: str) -> list[ModelInSuite]:
    """The suites of this platform that name a model, in their order; in one query."""
    return [
        ModelInSuite(suite=suite, model=model)
        for suite in known_suites().values()
        for model in suite.models
        if model.id == slug
    ]


def suites_of_dataset(*, task: str, slug: str) -> list[DataSetInSuite]:
    """The suites of this platform that use a data set of a task, in their order; in one query."""
    current = shown_digests()
    return [
        _in_suite(suite, dataset, current)
        for suite in known_suites().values()
        for dataset in suite.datasets
        if (dataset.task, dataset.id) == (task, slug)
    ]


def datasets_of_suite(suite: SuiteData, current: Mapping[str, str]) -> list[DataSetInSuite]:
    """The data sets of a suite version, in its order; `current` is what `shown_digests` says."""
    return [_in_suite(suite, dataset, current) for dataset in suite.datasets]


def _in_suite(suite: SuiteData, dataset: SuiteDataSet, current: Mapping[str, str]) -> DataSetInSuite:
    return DataSetInSuite(
        suite=suite,
        dataset=dataset,
        n_models=sum(job.dataset == dataset.id for job in suite.jobs),
        is_current=current.get(suite.name) == suite.digest,
    )


def suite_at(slug: str) -> Suite | None:
    """The row of the suite version with this part of an address, None where there is none."""
    return next((suite for suite in Suite.objects.order_by("pk") if suite.slug == slug), None)


def models_of_suite(suite: Suite) -> QuerySet[AiModel]:
    """The models that a suite version has jobs for, by name."""
    return AiModel.objects.filter(pk__in=Job.objects.filter(suite=suite).values("model")).order_by("slug")
