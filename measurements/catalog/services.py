"""Writes of the catalogue: rows are made from a suite or a published study, and loading again changes nothing."""

from __future__ import annotations

from django.db import transaction

from joulemark.suite.published import Study
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Task

STUDY_HARDWARE = {
    "slug": "node-8x-nvidia-a100-sxm4-80gb",
    "title": "8 × NVIDIA A100-SXM4-80GB",
    "kind": "node",
}
"""What the 2024 study's figures cover: a whole node, of which one GPU worked."""


def load_study_catalog(study: Study) -> HardwareClass:
    """Make the study's tasks, data sets and models known; return the hardware that its figures cover."""
    with transaction.atomic():
        tasks = {}
        for position, task in enumerate(study.tasks):
            tasks[task.id], _ = Task.objects.update_or_create(
                slug=task.id, defaults={"title": task.title, "modality": task.modality, "position": position}
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
