"""Rows of the catalogue by their primary key, read once by each process for as long as their table is as it is.

They are few, and what boards name in every row. All callers share them, so nobody may change one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from measurements.answer_cache.version_memo import while_unchanged
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Suite, Task
from measurements.catalog.sources import DATA_SETS, HARDWARE, MODELS, SUITES, TASKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model, QuerySet

Key = TypeVar("Key")
Related = TypeVar("Related", bound="Model")


class RowsByKey(dict[Key, Related]):
    """Rows by a unique field. One that came since they were read is asked for by itself; DoesNotExist without it."""

    def __init__(self, rows: QuerySet[Related], field: str = "pk") -> None:
        super().__init__((getattr(row, field), row) for row in rows)
        self._rows, self._field = rows.all(), field

    def __missing__(self, key: Key) -> Related:
        """The row, from the database."""
        return self._rows.get(**{self._field: key})


@while_unchanged(SUITES)
def suites_by_key() -> RowsByKey[int, Suite]:
    """Every suite version, as they came."""
    return RowsByKey(Suite.objects.order_by("pk"))


@while_unchanged(TASKS)
def tasks_by_slug() -> RowsByKey[str, Task]:
    """Every task by the name that addresses have, in the order of boards."""
    return RowsByKey(Task.objects.all(), "slug")


@while_unchanged(DATA_SETS, TASKS)
def datasets_by_key() -> RowsByKey[int, DataSet]:
    """Every data set with its task."""
    return RowsByKey(DataSet.objects.select_related("task"))


@while_unchanged(MODELS)
def models_by_key() -> RowsByKey[int, AiModel]:
    """Every model."""
    return RowsByKey(AiModel.objects.all())


@while_unchanged(MODELS)
def models_by_slug() -> RowsByKey[str, AiModel]:
    """Every model by the name that boards have."""
    return RowsByKey(AiModel.objects.all(), "slug")


@while_unchanged(HARDWARE)
def hardware_by_key() -> RowsByKey[int, HardwareClass]:
    """Every hardware class."""
    return RowsByKey(HardwareClass.objects.all())


def hardware_class_named(name: str) -> HardwareClass | None:
    """The hardware class that `hardware_named` selects: by its slug once that is confirmed, or by its code."""
    return next((row for row in hardware_by_key().values() if name in (row.public_slug, row.code)), None)


class NamedRow(Protocol):
    """A row that names a data set, a model and a hardware class, and may name a suite, as cells do."""

    dataset_id: Any
    model_id: Any
    hardware_class_id: Any


Row = TypeVar("Row", bound=NamedRow)


def with_cached_names(rows: Iterable[Row]) -> list[Row]:
    """The rows, each with what it names (a figure's data set may be null): one object for each name, and no query."""
    by_column: tuple[tuple[str, str, RowsByKey[int, Any]], ...] = (
        ("suite", "suite_id", suites_by_key()),
        ("dataset", "dataset_id", datasets_by_key()),
        ("model", "model_id", models_by_key()),
        ("hardware_class", "hardware_class_id", hardware_by_key()),
    )
    named = list(rows)
    if not named:
        return named
    by_field = [
        (row_field, column, by_key)
        for name, column, by_key in by_column
        if (row_field := _field_of(named[0], name)) is not None
    ]
    for row in named:
        for row_field, column, by_key in by_field:
            key = getattr(row, column)
            if key is not None:
                row_field.set_cached_value(row, by_key[key])
    return named


def _field_of(row: Any, name: str) -> Any:
    """The foreign key of a row's table with this name; None where it has none."""
    return next((field for field in row._meta.fields if field.name == name), None)
