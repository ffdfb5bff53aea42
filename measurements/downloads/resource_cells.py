"""Resources of what is combined of results: cells, the history of each, and comparisons of the two kinds of model."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import FloatField
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast

from joulemark.release.tables import Column, table_named
from measurements.boards.board_query import READERS, TIERS, BadValue, BoardQuery
from measurements.boards.models import Cell, CellRevision, ComparedPart
from measurements.boards.sources import BOARDS
from measurements.boards.table_choices import choices_of
from measurements.boards.table_rows import limits_of_cells, score_of
from measurements.catalog.models import Task
from measurements.catalog.sources import CATALOG
from measurements.display.choices import CELL_LABELS, CELL_TIERS, RESULT_GRADES, ModelKind
from measurements.downloads.resource import Filter, Order, Resource, fields_of
from measurements.downloads.resource_columns import (
    DATASET,
    GRADE,
    HARDWARE,
    HARDWARE_CLASS,
    MODEL,
    OF_SUBJECT,
    SCOPE,
    SERIES,
    TASK,
    joined,
    series_slug,
)
from measurements.published.sources import PUBLISHED
from measurements.review.cell_key import CELL_FIELDS, CellKey

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from measurements.boards.models import CellQuerySet
    from measurements.downloads.resource import Values

OF_KEY = tuple(Order(source=name, kind="int" if name.endswith("_id") else "text") for name in CELL_FIELDS)
CELL_ID = Column("cell_id", "string", "Name of the cell in addresses. It never changes here.")
OF_CELL: dict[str, Any] = OF_SUBJECT | {"series": series_slug(), "cell_id": joined(*CELL_FIELDS)}
CHOICES = {"grade": RESULT_GRADES, "tier": CELL_TIERS, "label": CELL_LABELS}
OF_RELEASES = {"is_current"}
"""Columns that say how a release was made; a live value is computed anew within seconds."""
CELL_COLUMNS = (
    CELL_ID,
    *(column for column in table_named("cells").columns if column.name not in OF_RELEASES),
)


def _of_board(name: str, description: str, *, choices: tuple[str, ...] = (), is_free: bool = False) -> Filter:
    """A filter of the boards' pages, read as they read it."""
    return Filter(name=name, read=READERS[name], description=description, choices=choices, is_free=is_free)


OF_BOARDS = (
    _of_board(
        "kind", "Made for one task, or general-purpose.", choices=tuple(word for word, _ in ModelKind.choices)
    ),
    _of_board("owner", "Account that publishes the model on the hub."),
    _of_board("family", "Family of models."),
    _of_board("licence", "Licence of the model's weights."),
    _of_board("min_parameters", "Fewest weights, such as 7B or 66000000.", is_free=True),
    _of_board("max_parameters", "Most weights.", is_free=True),
    _of_board("tier", "How far the value has come.", choices=tuple(TIERS)),
    _of_board("metric", "Score that `min_quality` and the order `quality` are about; it needs `task`."),
    _of_board("min_quality", "A score that is at least as good as this.", is_free=True),
    _of_board("max_memory_gb", "Most device memory that a run took, in 1e9 bytes.", is_free=True),
    _of_board("max_card_gb", "Most memory of the card that it was measured on, in 1e9 bytes.", is_free=True),
    _of_board("max_latency_s", "Longest median time of a query, in seconds.", is_free=True),
    _of_board("q", "Words of the names of model, owner, family, data set or hardware.", is_free=True),
)
"""Filters of a task's table that cells have in common with it (`boards.board_query`)."""


def narrowed(rows: QuerySet[Any], values: Values) -> QuerySet[Any]:
    """Cells as the board's filters leave them. Raises BadValue for a score that the task does not have."""
    filled = {each.name: values[each.name] for each in OF_BOARDS if each.name in values}
    query = BoardQuery(**filled)
    metrics = _metrics(values) if query.metric else {}
    return rows.filter(limits_of_cells(query, metrics))


def _metrics(values: Values) -> dict[str, bool]:
    """The scores of the task that is asked for, with whether a higher one is better."""
    task = Task.objects.named(values.get("task", ""))
    if task is None:
        raise BadValue(
            "A score is that of a task: name one that there is in the parameter task, or leave metric out."
        )
    metrics = choices_of(task).metrics
    if values["metric"] not in metrics:
        raise BadValue(
            f"There is no such metric on {task.slug}. There are: {', '.join(metrics) or '(none)'}."
        )
    return metrics


def _by_quality(values: Values) -> Order:
    if "metric" not in values:
        raise BadValue("A quality is that of one score: name it in the parameter metric, or sort otherwise.")
    return Order(source=score_of(values["metric"]), kind="float", is_nullable=True)


def _of(source: Any, kind: Any = "text", *, is_nullable: bool = False) -> Any:
    return lambda _: Order(source=source, kind=kind, is_nullable=is_nullable)


def key_of(cell_id: str) -> CellKey:
    """The key that a cell is named by in addresses."""
    *numbers, grade, scope, stratum = cell_id.split("~")
    suite, dataset, model, hardware_class = map(int, numbers)
    return CellKey(suite, dataset, model, hardware_class, grade, scope, stratum)


CELLS = Resource(
    name="cells",
    singular="cell",
    description="One value a model, data set, hardware class and configuration, combined of the results that count.",
    tag="boards",
    fields=fields_of(CELL_COLUMNS, OF_CELL, choices=CHOICES),
    rows=Cell.objects.all,
    key=OF_KEY,
    filters=(SERIES, TASK, DATASET, MODEL, HARDWARE_CLASS, SCOPE, GRADE, *OF_BOARDS),
    sorts={
        "energy": _of("energy_per_query_j", "float"),
        "quality": _by_quality,
        "model": _of("model__slug"),
        "dataset": _of("dataset__slug"),
        "hardware": _of(OF_SUBJECT["hardware"]),
        "series": _of(series_slug()),
        "latency": _of("latency_p50_s", "float", is_nullable=True),
        "memory": _of("peak_memory_bytes", "int", is_nullable=True),
        "parameters": _of("model__parameters", "int", is_nullable=True),
        "licence": _of("model__licence"),
        "released": _of("model__released_on", "date", is_nullable=True),
        "results": _of("n_results", "int"),
    },
    narrow=narrowed,
    find=lambda rows, cell_id: rows.at(key_of(cell_id)),
    sources=(BOARDS, CATALOG, PUBLISHED),
)


def revisions_of(cell_id: str) -> CellQuerySet:
    """The revisions of one cell."""
    return CellRevision.objects.at(key_of(cell_id))


HISTORY = Resource(
    name="cell_history",
    singular="cell_revision",
    description="What a cell said from a time on: one row for each change, the first one first.",
    tag="boards",
    fields=fields_of(
        [
            *CELL_COLUMNS,
            Column("gone", "bool", "Its last result went; the numbers are those from before."),
        ],
        OF_CELL,
        choices=CHOICES,
    ),
    rows=revisions_of,
    key=(Order(source="version", kind="int"),),
    sources=(BOARDS, CATALOG),
    parameters=("cell_id",),
)

PART_FIELDS = ("suite_id", "dataset_id", "hardware_class_id", "grade", "scope")
OF_PAIRED = {
    name: f"comparison__paired__{name}"
    for name in (
        *("ratio", "over_models_low", "over_models_high", "degrees", "no_interval", "low", "high"),
        *("low_95", "high_95", "general_purpose_models", "task_specific_models"),
        *("n_pairs", "n_sources", "formed"),
    )
}
RATIO = Cast(KeyTextTransform("ratio", KeyTransform("paired", "comparison")), FloatField())

COMPARISONS = Resource(
    name="comparisons",
    singular="comparison",
    description="General-purpose against task-specific models of one data set, hardware class, scope and grade. The "
    "address of a task has published series too.",
    tag="comparisons",
    fields=fields_of(
        [*table_named("comparisons").columns, HARDWARE],
        OF_SUBJECT
        | OF_PAIRED
        | {
            "series": series_slug(),
            "quality": "comparison__quality",
            "general_purpose": "comparison__general_purpose",
            "task_specific": "comparison__task_specific",
            "version": "comparison__version",
            "updated_at": "comparison__updated_at",
        },
        convert={"updated_at": datetime.fromisoformat},
        choices={"grade": RESULT_GRADES},
    ),
    rows=lambda: ComparedPart.objects.filter(comparison__isnull=False),
    key=tuple(Order(source=name, kind="int" if name.endswith("_id") else "text") for name in PART_FIELDS),
    filters=(SERIES, TASK, DATASET, HARDWARE_CLASS, SCOPE, GRADE),
    sorts={"ratio": _of(RATIO, "float")},
    sources=(BOARDS, CATALOG),
)
