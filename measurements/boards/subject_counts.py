"""How much there is of each model, hardware class or data set on a page of a list: values, and what they are of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from measurements.boards.models import Cell
from measurements.contributors.models import Device
from measurements.published.models import PublishedFigure

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, kw_only=True)
class SubjectCounts:
    """Volunteers' values of one subject, the models, data sets and hardware classes that they are of, and figures."""

    n_values: int = 0
    n_models: int = 0
    n_datasets: int = 0
    n_hardware: int = 0
    n_figures: int = 0


NOTHING = SubjectCounts()


def count_values(field: str, subjects: Collection[int]) -> dict[int, SubjectCounts]:
    """By the primary key of each subject, in two queries; `field` is model, dataset, hardware_class or suite."""
    of_subjects: dict[str, Any] = {f"{field}__in": list(subjects)}
    cells = Cell.objects.filter(**of_subjects).order_by().values_list(field)
    cells = cells.annotate(
        Count("pk"),
        Count("model", distinct=True),
        Count("dataset", distinct=True),
        Count("hardware_class", distinct=True),
    )
    n_figures: dict[int, int] = {}
    if field != "suite":  # no published figure is of one
        figures = PublishedFigure.objects.filter(**of_subjects).order_by().values_list(field)
        n_figures = dict(figures.annotate(Count("pk")))
    counts = {
        pk: SubjectCounts(
            n_values=n_values,
            n_models=n_models,
            n_datasets=n_datasets,
            n_hardware=n_hardware,
            n_figures=n_figures.get(pk, 0),
        )
        for pk, n_values, n_models, n_datasets, n_hardware in cells
    }
    return {pk: SubjectCounts(n_figures=n) for pk, n in n_figures.items()} | counts


def count_devices(hardware: Collection[int]) -> dict[int, tuple[int, int]]:
    """(devices, contributors) of each hardware class, by its primary key; in one query."""
    devices = Device.objects.filter(hardware_class__in=list(hardware)).order_by()
    counted = devices.values_list("hardware_class").annotate(
        Count("tag", distinct=True), Count("contributor", distinct=True)
    )
    return {pk: (n_devices, n_contributors) for pk, n_devices, n_contributors in counted}
