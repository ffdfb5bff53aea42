"""General-purpose against task-specific: for one task, what each series says on each data set."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from math import log
from statistics import median
from typing import TYPE_CHECKING, Any

from joulemark.consensus.cell import log_median
from joulemark.consensus.ratio import Formed, ModelValue, PairedRatio, interval_over_models, paired_ratio
from measurements.boards.models import DeviceValue
from measurements.boards.reading import read_rows
from measurements.boards.series import Series, all_series
from measurements.boards.units import wh_per_1000
from measurements.catalog.models import ModelKind, Task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from measurements.boards.rows import BoardRow, Quality

Scope = tuple[str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One kind of model in a comparison: medians over its models, of joules per query and of each score."""

    n_models: int
    energy_per_query_j: float
    quality: Quality

    @property
    def energy_wh_per_1000(self) -> float:
        """Watt-hours per 1,000 queries."""
        return wh_per_1000(self.energy_per_query_j)


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """A ratio on one data set, hardware class and scope. It counts pairs of models, and sources: devices.

    `over_models` is its 95 % interval if other models had been chosen, None for fewer than two of a kind.
    """

    series: Series
    task: str
    dataset: str
    dataset_title: str
    hardware: str
    hardware_title: str
    scope: str
    paired: PairedRatio
    over_models: tuple[float, float] | None
    general_purpose: Side
    task_specific: Side
    version: int
    updated_at: datetime

    @property
    def over_models_low(self) -> float | None:
        """The lower end of `over_models`."""
        return self.over_models[0] if self.over_models else None

    @property
    def over_models_high(self) -> float | None:
        """The upper end of `over_models`."""
        return self.over_models[1] if self.over_models else None

    @property
    def grade(self) -> str:
        """Published, measured or estimated."""
        return self.series.grade

    @property
    def sides(self) -> tuple[Side, Side]:
        """General-purpose, then task-specific."""
        return (self.general_purpose, self.task_specific)

    @property
    def formed(self) -> Formed:
        """Whether models were divided within a device or from cells."""
        return self.paired.formed


def read_comparisons(tasks: Sequence[Task]) -> dict[str, list[ComparisonRow]]:
    """The rows of each task, by its slug: volunteers' series first, published ones last.

    Within a series the row over all data sets comes before those of each. A task that nobody can compare has
    no rows, and a model of which nobody says whether it was made for one task takes no part.
    """
    found: dict[str, list[ComparisonRow]] = {task.slug: [] for task in tasks}
    for series in all_series():
        for row in _series_rows(series, tasks):
            found[row.task].append(row)
    return found


def read_comparison(task: Task) -> list[ComparisonRow]:
    """The rows of one task."""
    return read_comparisons([task])[task.slug]


def _series_rows(series: Series, tasks: Sequence[Task]) -> list[ComparisonRow]:
    rows = sorted((row for row in read_rows(series, tasks) if row.kind != ModelKind.UNKNOWN), key=_scope)
    devices = {} if series.grade == "published" else _device_values(series, tasks)
    compared = (
        _compare(series, list(of_scope), devices.get(scope, []))
        for scope, of_scope in groupby(rows, key=_scope)
    )
    return [row for row in compared if row is not None]


def _scope(row: BoardRow) -> Scope:
    return (row.task, row.dataset, row.hardware, row.scope)


def _compare(series: Series, rows: list[BoardRow], device_values: list[ModelValue]) -> ComparisonRow | None:
    cell_values = [_cell_value(row) for row in rows]
    paired = paired_ratio(device_values=device_values, cell_values=cell_values)
    if paired is None:
        return None
    head = rows[0]
    return ComparisonRow(
        series=series,
        task=head.task,
        dataset=head.dataset,
        dataset_title=head.dataset_title,
        hardware=head.hardware,
        hardware_title=head.hardware_title,
        scope=head.scope,
        paired=paired,
        over_models=interval_over_models(cell_values),
        general_purpose=_side([row for row in rows if row.general_purpose]),
        task_specific=_side([row for row in rows if not row.general_purpose]),
        version=max(row.version for row in rows),
        updated_at=max(row.updated_at for row in rows),
    )


def _cell_value(row: BoardRow) -> ModelValue:
    return ModelValue(
        model=row.model,
        general_purpose=row.general_purpose,
        source=row.conditions,
        energy_per_query_j=row.energy_per_query_j,
        half_width=None if row.low_j is None or row.high_j is None else log(row.high_j / row.low_j) / 2,
    )


def _side(rows: list[BoardRow]) -> Side:
    by_metric: dict[str, Quality] = {}
    for row in rows:
        for score in row.quality:
            by_metric.setdefault(score["metric"], []).append(score)
    return Side(
        n_models=len({row.model for row in rows}),
        energy_per_query_j=log_median([row.energy_per_query_j for row in rows]),
        quality=[_typical(scores) for _, scores in sorted(by_metric.items())],
    )


def _typical(scores: Quality) -> dict[str, Any]:
    counts = [score["n"] for score in scores]
    return scores[0] | {
        "value": median(score["value"] for score in scores),
        "n": None if None in counts else sum(counts),
    }


def _device_values(series: Series, tasks: Sequence[Task]) -> dict[Scope, list[ModelValue]]:
    """What each device of each contributor says, by the scope in which it may be compared."""
    values = DeviceValue.objects.of_series(suite=series.suite, version=series.version, grade=series.grade)
    found: dict[Scope, list[ModelValue]] = {}
    for value in values.of_tasks(tasks).select_related(
        "cell__dataset__task", "cell__model", "cell__hardware_class", "device"
    ):
        cell = value.cell
        scope = (cell.dataset.task.slug, cell.dataset.slug, cell.hardware_class.slug, cell.scope)
        found.setdefault(scope, []).append(
            ModelValue(
                model=cell.model.slug,
                general_purpose=cell.model.kind == ModelKind.GENERAL_PURPOSE,
                source=cell.stratum,
                energy_per_query_j=value.energy_per_query_j,
                contributor=value.device.contributor_id,
                device=value.device.tag,
            )
        )
    return found
