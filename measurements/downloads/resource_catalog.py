"""Resources of what can be measured: suites, tasks, data sets, models and hardware."""

from __future__ import annotations

from django.db.models import F, Q

from joulemark.release.tables import Column, table_named
from measurements.catalog.models import (
    AiModel,
    DataSet,
    HardwareClass,
    HardwareKind,
    Suite,
    Task,
    hardware_named,
)
from measurements.catalog.sources import CATALOG, DATA_SETS, HARDWARE, MODELS, TASKS
from measurements.display.choices import ModelKind
from measurements.downloads.resource import Filter, Order, Resource, fields_of, without
from measurements.downloads.resource_columns import (
    LICENCE_OF_ROW,
    free_text,
    hardware_slug,
    hardware_title,
    named_filter,
)
from measurements.downloads.resource_query import read_flag, read_number_from, read_one_of

KINDS = tuple(word for word, _ in ModelKind.choices)
HARDWARE_KINDS = tuple(word for word, _ in HardwareKind.choices)
NAMED = {"licence": LICENCE_OF_ROW}

SUITES = Resource(
    name="suites_versions",
    singular="suite",
    description="Suite versions, each by the digest of its files.",
    fields=fields_of(
        [
            *without(table_named("suites").columns, "archive"),
            Column(
                "archive_bytes",
                "int64",
                "Size of its files as an archive; null where it is not handed out.",
                "B",
                nullable=True,
            ),
        ],
        NAMED
        | {
            "suite": "name",
            "suite_version": "version",
            "suite_digest": "digest",
            "archive_sha256": "pinned__archive_sha256",
            "archive_bytes": "pinned__archive_bytes",
            "pinned_at": "pinned__pinned_at",
        },
    ),
    rows=Suite.objects.all,
    key=(Order(source="digest", kind="text"),),
    filters=(
        named_filter("suite", "Name of the suite.", lambda word: Q(name=word)),
        named_filter("suite_version", "Version of the suite.", lambda word: Q(version=word)),
        Filter(
            name="handed_out",
            read=read_flag,
            description="Whether its files are handed out here.",
            condition=lambda is_so: Q(pinned__isnull=not is_so),
            choices=("true", "false"),
        ),
    ),
    sorts={"pinned_at": lambda _: Order(source="pinned__pinned_at", kind="time", is_nullable=True)},
    find=lambda rows, digest: rows.filter(digest=digest),
    sources=(CATALOG,),
)
TASKS_LIST = Resource(
    name="tasks",
    singular="task",
    description="Kinds of job. The rows of one are at its own address.",
    fields=fields_of(table_named("tasks").columns, NAMED | {"task": "slug"}),
    rows=Task.objects.all,
    key=(Order(source="slug", kind="text"),),
    sorts={
        "position": lambda _: Order(source="position", kind="int"),
        "title": lambda _: Order(source="title", kind="text"),
    },
    sources=(TASKS,),
)
DATASETS = Resource(
    name="datasets",
    singular="dataset",
    description="Data sets, each as one task uses it.",
    fields=fields_of(
        table_named("datasets").columns,
        NAMED | {"task": "task__slug", "dataset": "slug", "dataset_licence": F("licence")},
    ),
    rows=DataSet.objects.all,
    key=(Order(source="task__slug", kind="text"), Order(source="slug", kind="text")),
    filters=(named_filter("task", "Task that uses it.", lambda word: Q(task__slug=word)),),
    sorts={"title": lambda _: Order(source="title", kind="text")},
    find=lambda rows, task, dataset: rows.filter(task__slug=task, slug=dataset),
    sources=(DATA_SETS, TASKS),
)


MODELS_LIST = Resource(
    name="models",
    singular="model",
    description="Models, with the facts that the hub states of them and why one is missing.",
    fields=fields_of(
        table_named("models").columns,
        NAMED | {"model": "slug", "model_licence": F("licence")},
        choices={"kind": ModelKind.choices},
    ),
    rows=AiModel.objects.all,
    key=(Order(source="slug", kind="text"),),
    filters=(
        Filter(
            name="kind",
            read=read_one_of(KINDS),
            description="Made for one task, or general-purpose.",
            condition=lambda word: Q(kind=word),
            choices=KINDS,
        ),
        named_filter("owner", "Account that publishes it on the hub.", lambda word: Q(owner=word)),
        named_filter("family", "Family of models.", lambda word: Q(family=word)),
        named_filter("model_licence", "Licence of the weights.", lambda word: Q(licence=word)),
        Filter(
            name="min_parameters",
            read=read_number_from(0),
            description="Fewest weights.",
            condition=lambda least: Q(parameters__gte=least),
            is_free=True,
        ),
        Filter(
            name="max_parameters",
            read=read_number_from(0),
            description="Most weights.",
            condition=lambda most: Q(parameters__lte=most),
            is_free=True,
        ),
        free_text("q", "Words of its name, owner or family.", ("title", "slug", "owner", "family")),
    ),
    sorts={
        "title": lambda _: Order(source="title", kind="text"),
        "parameters": lambda _: Order(source="parameters", kind="int", is_nullable=True),
        "released": lambda _: Order(source="released_on", kind="date", is_nullable=True),
    },
    find=lambda rows, model: rows.filter(slug=model),
    sources=(MODELS,),
)
HARDWARE_LIST = Resource(
    name="hardware",
    singular="hardware_class",
    description="Hardware classes. A name that nobody has confirmed is not given as one: its code stands for it.",
    fields=fields_of(
        table_named("hardware").columns,
        NAMED
        | {
            "hardware_code": "code",
            "hardware": hardware_slug(),
            "title": hardware_title(),
        },
        choices={"kind": HardwareKind.choices},
    ),
    rows=HardwareClass.objects.all,
    key=(Order(source="code", kind="text"),),
    filters=(
        Filter(
            name="kind",
            read=read_one_of(HARDWARE_KINDS),
            description="GPU, CPU or node.",
            condition=lambda word: Q(kind=word),
            choices=HARDWARE_KINDS,
        ),
        named_filter("architecture", "Architecture.", lambda word: Q(architecture=word)),
    ),
    sorts={
        "memory": lambda _: Order(source="memory_bytes", kind="int", is_nullable=True),
        "power": lambda _: Order(source="power_w", kind="float", is_nullable=True),
        "year": lambda _: Order(source="year", kind="int", is_nullable=True),
    },
    find=lambda rows, hardware: rows.filter(hardware_named(hardware)),
    sources=(HARDWARE,),
)
