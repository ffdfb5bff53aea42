"""Writes of the catalogue: rows come from a suite or the published study; loading again changes nothing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction

from measurements.catalog.lookup import read_catalogue_of
from measurements.catalog.models import (
    HARDWARE_FACTS,
    MODEL_FACTS,
    AiModel,
    DataSet,
    HardwareClass,
    Job,
    NameState,
    NoFact,
    Suite,
    Task,
    facts_of_hardware,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from joulemark.suite import DataSet as SuiteDataSet
    from joulemark.suite import Model as SuiteModel
    from joulemark.suite import Suite as SuiteData
    from joulemark.suite import Task as SuiteTask
    from joulemark.suite.published import Study

HUB_RECORD_BEGINS = date(2022, 3, 2)
"""What the hub names as the day of every repository that is older (its documentation of `createdAt`)."""

STUDY_HARDWARE = {
    "slug": "node-8x-nvidia-a100-sxm4-80gb",
    "title": "8 × NVIDIA A100-SXM4-80GB",  # noqa: RUF001 - the sign of multiplication is meant
    "kind": "node",
}
"""What the 2024 study's figures cover: a whole node, of which one GPU worked."""


def load_study_catalog(study: Study) -> HardwareClass:
    """Make the study's tasks, data sets and models known; return the hardware that its figures cover.

    A data set or model that a suite shares with it keeps what the suite says; one that only a published series knew
    gets what the study says.
    """
    with transaction.atomic():
        tasks = {}
        for position, task in enumerate(study.tasks):
            tasks[task.id], _ = Task.objects.update_or_create(
                slug=task.id,
                defaults={"position": position},
                create_defaults={"title": task.title, "modality": task.modality, "position": position},
            )
            _learn(tasks[task.id], title=task.title, modality=task.modality)
        for dataset in study.datasets:
            facts = {"title": dataset.title, "source": dataset.hub_id}
            dataset_row, _ = DataSet.objects.get_or_create(
                task=tasks[dataset.task], slug=dataset.id, defaults=facts
            )
            _learn(dataset_row, **facts)
        for model in study.models:
            described = {
                "title": model.title,
                "kind": model.kind,
                "source": f"https://doi.org/{study.citation.doi}",
                **described_facts(
                    owner=model.id.partition("/")[0] if "/" in model.id else "",
                    parameters=model.parameters,
                    missing=NoFact.NOT_PINNED,
                ),
            }
            row, _ = AiModel.objects.get_or_create(slug=model.id, defaults=described)
            _learn(row, **described)
        return published_hardware(**STUDY_HARDWARE)


def published_hardware(*, slug: str, title: str, kind: str) -> HardwareClass:
    """The class that a publisher names, which confirms the words of a contributor; a moderator's refusal stands."""
    hardware, _ = HardwareClass.objects.get_or_create(
        slug=slug, defaults={"title": title, "kind": kind, "name_state": NameState.CONFIRMED}
    )
    if hardware.name_state == NameState.REPORTED:
        hardware.name_state = NameState.CONFIRMED
        hardware.save(update_fields=["name_state"])
    return hardware


def reported_hardware(
    *, slug: str, title: str, kind: str, reported_by: str, is_confirmed: bool
) -> HardwareClass:
    """The class that an upload names: a new one has the words of the contributor `reported_by` (a pseudonym)."""
    hardware, _ = HardwareClass.objects.get_or_create(
        slug=slug,
        defaults={
            "title": title,
            "kind": kind,
            "name_state": NameState.CONFIRMED if is_confirmed else NameState.REPORTED,
            "reported_by": reported_by,
        },
    )
    return hardware


def is_link(source: str | None) -> bool:
    """Whether a source is the address of a page."""
    return bool(source) and str(source).startswith("https://")


def described_facts(
    *,
    parameters: int | None,
    missing: NoFact,
    owner: str = "",
    family: str = "",
    licence: str = "",
    released_on: date | None = None,
    link: str = "",
) -> dict[str, Any]:
    """The columns of `MODEL_FACTS`; those without a value have their reason in `not_known`, mostly `missing`."""
    is_older = released_on is not None and released_on <= HUB_RECORD_BEGINS
    columns: dict[str, Any] = {
        "owner": owner,
        "family": family,
        "licence": licence,
        "released_on": None if is_older else released_on,
        "link": link,
        "parameters": parameters,
    }
    not_known = {name: str(missing) for name, value in columns.items() if not value}
    if is_older:
        not_known["released_on"] = str(NoFact.BEFORE_HUB_RECORD)
    return columns | {"not_known": not_known}


def refresh_hardware_facts() -> int:
    """Give hardware that was known before a row of the table its facts; returns how many rows changed."""
    changed = []
    for row in HardwareClass.objects.all():
        facts = facts_of_hardware(row.title, row.kind)
        if any(getattr(row, name) != value for name, value in facts.items()):
            for name, value in facts.items():
                setattr(row, name, value)
            changed.append(row)
    if changed:
        HardwareClass.objects.bulk_update(changed, [*HARDWARE_FACTS, "facts_source", "not_known"])
    return len(changed)


def _learn(row: Task | DataSet | AiModel, **facts: object) -> None:
    """Describe a row that only a published series knew; any other stays as it is."""
    if row.known_from:
        for name, value in {**facts, "known_from": ""}.items():
            setattr(row, name, value)
        row.save()


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
        _load_datasets(suite.datasets, tasks)
        _load_models(suite.models)
        _load_jobs(suite, row)
    return row


def _suite_task(task: SuiteTask, position: int) -> Task:
    """A task that the study shares has the suite's title and the study's place, whichever came first."""
    row, _ = Task.objects.update_or_create(
        slug=task.id,
        defaults={"title": task.title, "modality": task.modality, "known_from": ""},
        create_defaults={"title": task.title, "modality": task.modality, "position": position},
    )
    return row


def _load_datasets(datasets: Iterable[SuiteDataSet], tasks: Mapping[str, Task]) -> None:
    rows = [
        DataSet(
            task=tasks[dataset.task],
            slug=dataset.id,
            title=dataset.title,
            licence=dataset.licence or "",
            source=(dataset.source or dataset.url or "").strip(),
        )
        for dataset in datasets
    ]
    DataSet.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["task", "slug"],
        update_fields=["title", "licence", "source", "known_from"],
    )


def _load_models(models: Iterable[SuiteModel]) -> None:
    rows = [
        AiModel(
            slug=model.id,
            title=model.title,
            kind=model.kind,
            source=model.source or model.url or "",
            **described_facts(
                owner=model.owner or "",
                family=model.family or "",
                licence=model.licence or "",
                released_on=model.released,
                link=model.url or (model.source if is_link(model.source) else "") or "",
                parameters=model.parameters,
                missing=NoFact.NOT_STATED if model.is_pinned else NoFact.NOT_PINNED,
            ),
        )
        for model in models
    ]
    AiModel.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=["title", "kind", "source", "known_from", "not_known", *MODEL_FACTS],
    )


def _load_jobs(suite: SuiteData, row: Suite) -> None:
    catalogue = read_catalogue_of(suite.jobs)
    rows = [
        Job(suite=row, dataset=catalogue.dataset_of(job), model=catalogue.model_of(job)) for job in suite.jobs
    ]
    Job.objects.bulk_create(rows, ignore_conflicts=True)
