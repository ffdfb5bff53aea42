"""General-purpose against task-specific: for one task, what each series says on each data set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from statistics import median
from typing import Any

from joulemark.consensus.cell import log_median
from joulemark.consensus.ratio import Formed, ModelValue, PairedRatio, paired_ratio
from measurements.boards.models import DeviceValue
from measurements.boards.reading import read_rows
from measurements.boards.rows import BoardRow, Quality
from measurements.boards.series import Series, all_series
from measurements.boards.units import wh_per_1000
from measurements.catalog.models import Task

Scope = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One kind of model in a comparison: the median over its models, of the energy in joules per query and of each score."""

    n_models: int
    energy_per_query_j: float
    quality: Quality

    @property
    def energy_wh_per_1000(self) -> float:
        """Watt-hours per 1,000 queries."""
        return wh_per_1000(self.energy_per_query_j)


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """A ratio on one data set, hardware class and scope. `n_pairs` counts pairs of models, `n_sources` devices."""

    series: Series
    task: str
    dataset: str
    dataset_title: str
    hardware: str
    hardware_title: str
    scope: str
    paired: PairedRatio
    general_purpose: Side
    task_specific: Side
    updated_at: datetime

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


def read_comparison(task: Task, *, series: Iterable[Series] | None = None) -> list[ComparisonRow]:
    """Every row for `task`: volunteers' series first, the published study last; over all data sets before each of them."""
    chosen = all_series() if series is None else series
    return [row for one in chosen for row in _series_rows(one, task)]


def _series_rows(series: Series, task: Task) -> list[ComparisonRow]:
    rows = sorted(read_rows(series, task), key=_scope)
    devices = {} if series.grade == "published" else _device_values(series, task)
    found = []
    for scope, grouped in groupby(rows, key=_scope):
        compared = _compare(series, list(grouped), devices.get(scope, []))
        if compared is not None:
            found.append(compared)
    return found


def _scope(row: BoardRow) -> Scope:
    return (row.dataset, row.hardware, row.scope)


def _compare(series: Series, rows: list[BoardRow], device_values: list[ModelValue]) -> ComparisonRow | None:
    paired = paired_ratio(device_values=device_values, cell_values=[_cell_value(row) for row in rows])
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
        general_purpose=_side([row for row in rows if row.general_purpose]),
        task_specific=_side([row for row in rows if not row.general_purpose]),
        updated_at=max(row.updated_at for row in rows),
    )


def _cell_value(row: BoardRow) -> ModelValue:
    return ModelValue(
        model=row.model,
        general_purpose=row.general_purpose,
        source=row.conditions,
        energy_per_query_j=row.energy_per_query_j,
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


def _device_values(series: Series, task: Task) -> dict[Scope, list[ModelValue]]:
    """What each device of each contributor says, by the scope in which it may be compared."""
    values = DeviceValue.objects.filter(
        cell__suite__name=series.suite,
        cell__suite__version=series.version,
        cell__grade=series.grade,
        cell__dataset__task=task,
    ).select_related("cell__dataset", "cell__model", "cell__hardware_class", "device")
    found: dict[Scope, list[ModelValue]] = {}
    for value in values:
        cell = value.cell
        scope = (cell.dataset.slug, cell.hardware_class.slug, cell.scope)
        found.setdefault(scope, []).append(
            ModelValue(
                model=cell.model.slug,
                general_purpose=cell.model.kind == "general-purpose",
                source=(value.device.contributor_id, value.device.tag, cell.stratum),
                energy_per_query_j=value.energy_per_query_j,
            )
        )
    return found
