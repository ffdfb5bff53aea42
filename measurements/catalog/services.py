"""Writes of the catalogue: rows come from a suite or a published study; loading again changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from measurements.catalog.models import AiModel, DataSet, HardwareClass, Job, Suite, Task

if TYPE_CHECKING:
    from joulemark.suite import DataSet as SuiteDataSet
    from joulemark.suite import Model as SuiteModel
    from joulemark.suite import Suite as SuiteData
    from joulemark.suite import Task as SuiteTask
    from joulemark.suite.published import Study

STUDY_HARDWARE = {
    "slug": "node-8x-nvidia-a100-sxm4-80gb",
    "title": "8 × NVIDIA A100-SXM4-80GB",  # noqa: RUF001 - the sign of multiplication is meant
    "kind": "node",
}
"""What the 2024 study's figures cover: a whole node, of which one GPU worked."""


def load_study_catalog(study: Study) -> HardwareClass:
    """Make the study's tasks, data sets and models known; return the hardware that its figures cover."""
    with transaction.atomic():
        tasks = {}
        for position, task in enumerate(study.tasks):
            tasks[task.id], _ = Task.objects.update_or_create(
                slug=task.id,
                defaults={"position": position},
                create_defaults={"title": task.title, "modality": task.modality, "position": position},
            )
        for dataset in study.datasets:
            DataSet.objects.update_or_create(
                task=tasks[dataset.task],
                slug=dataset.id,
                defaults={"title": dataset.title, "source": dataset.hub_id},
            )
        for model in study.models:
            AiModel.objects.update_or_create(
                slug=model.id,
                defaults={
                    "title": model.title,
                    "kind": model.kind,
                    "parameters": model.parameters,
                    "source": f"https://doi.org/{study.citation.doi}",
                },
            )
        hardware, _ = HardwareClass.objects.update_or_create(
            slug=STUDY_HARDWARE["slug"],
            defaults={"title": STUDY_HARDWARE["title"], "kind": STUDY_HARDWARE["kind"]},
        )
    return hardware


def load_suite_catalog(suite: SuiteData) -> Suite:
    """Make a suite and all that its jobs name known. A known version with another digest is refused.

    Raises ValueError then: a suite is never edited, a change is a new version.
    """
    with transaction.atomic():
        row, _ = Suite.objects.get_or_create(
            name=suite.name, version=suite.version, defaults={"title": suite.title, "digest": suite.digest}
        )
        if row.digest != suite.digest:
            raise ValueError(
                f"Suite {suite.name} {suite.version} is known with digest {row.digest[:12]}, "
                f"not {suite.digest[:12]}: a suite is never edited; give the changed one a new version."
            )
        tasks = {task.id: _suite_task(task, position) for position, task in enumerate(suite.tasks)}
        datasets = {dataset.id: _suite_dataset(dataset, tasks[dataset.task]) for dataset in suite.datasets}
        models = {model.id: _suite_model(model) for model in suite.models}
        for job in suite.jobs:
            Job.objects.get_or_create(suite=row, dataset=datasets[job.dataset], model=models[job.model])
    return row


def _suite_task(task: SuiteTask, position: int) -> Task:
    """A task that the study shares has the suite's title and the study's place, whichever came first."""
    made, _ = Task.objects.update_or_create(
        slug=task.id,
        defaults={"title": task.title, "modality": task.modality},
        create_defaults={"title": task.title, "modality": task.modality, "position": position},
    )
    return made


def _suite_dataset(dataset: SuiteDataSet, task: Task) -> DataSet:
    facts = {
        "title": dataset.title,
        "revision": dataset.revision,
        "licence": dataset.licence,
        "source": dataset.source.strip(),
    }
    made, _ = DataSet.objects.update_or_create(task=task, slug=dataset.id, defaults=facts)
    return made


def _suite_model(model: SuiteModel) -> AiModel:
    facts = {
        "title": model.title,
        "kind": model.kind,
        "parameters": model.parameters,
        "licence": model.licence,
        "source": model.source,
    }
    made, _ = AiModel.objects.update_or_create(slug=model.id, defaults=facts)
    return made
