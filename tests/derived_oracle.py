"""What is derived of cells, computed again from every row as plainly as can be: the oracle of what is stored."""

from __future__ import annotations

from collections import defaultdict
from math import log
from typing import Any

from joulemark.consensus.quality_difference import ModelScore, quality_differences
from joulemark.consensus.ratio import ModelValue, paired_ratio
from joulemark.consensus.size_controlled import SizeControlled, Sized, size_controlled
from joulemark.leaderboard.fronts import interval_of_score
from measurements.boards.board_row import BoardRow, ranked, row_of_cell
from measurements.boards.comparisons import ComparisonRow, read_comparisons
from measurements.boards.models import Cell, DeviceValue
from measurements.boards.queries import list_boards, read_board
from measurements.boards.series import series_of_suite
from measurements.catalog.models import Task

Place = tuple[str, ...]


def compared_now() -> dict[Place, tuple[Any, ...]]:
    """The ratio and the quality differences of each scope of each series, of cells and device values as objects."""
    rows, values = defaultdict(list), defaultdict(list)
    known = Cell.objects.exclude(model__kind="unknown")
    for cell in known.with_names():
        row = row_of_cell(cell, series_of_suite(cell.suite, cell.grade))
        rows[_place(row)].append(row)
        for value in DeviceValue.objects.filter(cell=cell).select_related("device"):
            values[_place(row)].append(
                ModelValue(
                    model=row.model,
                    general_purpose=row.general_purpose,
                    source=row.stratum,
                    energy_per_query_j=value.energy_per_query_j,
                    contributor=value.device.contributor_id,
                    device=value.device.tag,
                )
            )
    compared = {}
    for place, of_place in rows.items():
        ratio = paired_ratio(device_values=values[place], cell_values=map(_cell_value, of_place))
        if ratio is not None:
            quality = quality_differences(score for row in of_place for score in _scores(row))
            versions = max(row.version for row in of_place), max(row.updated_at for row in of_place)
            compared[place] = (ratio, quality, *versions)
    return compared


def compared_as_read() -> dict[Place, tuple[Any, ...]]:
    """The same as pages read it."""
    every = read_comparisons(list(Task.objects.all())).values()
    rows: list[ComparisonRow] = [row for of_task in every for row in of_task.rows]
    return {
        (row.series.slug, row.task, row.dataset, row.hardware, row.scope): (
            row.paired,
            row.quality,
            row.version,
            row.updated_at,
        )
        for row in rows
        if not row.series.is_published
    }


def placed_now() -> list[BoardRow]:
    """Every row of volunteers' boards with its rank and fronts, ranked among those under the same conditions."""
    groups = defaultdict(list)
    for cell in Cell.objects.with_names():
        row = row_of_cell(cell, series_of_suite(cell.suite, cell.grade))
        groups[row.series, row.task, row.conditions].append(row)
    return [row for group in sorted(groups) for row in ranked(groups[group])]


def placed_as_read() -> list[BoardRow]:
    """The same as pages read it."""
    entries = [entry for entry in list_boards() if not entry.series.is_published]
    boards = [read_board(series_slug=entry.series.slug, task_slug=entry.task.slug) for entry in entries]
    rows = [(board, row) for board in boards if board is not None for row in board.rows]
    return [row for _, row in sorted(rows, key=lambda pair: (pair[1].series, pair[1].task))]


def factor_now(*, suite: int, grade: str) -> SizeControlled | None:
    """The factor at equal size, of device values as objects."""
    values = (
        DeviceValue.objects.filter(cell__suite=suite, cell__grade=grade, cell__model__parameters__gt=0)
        .exclude(cell__model__kind="unknown")
        .select_related("cell__model", "device")
        .order_by("cell_id", "device_id")
    )
    return size_controlled(
        [_sized(value) for value in values], [value.device.contributor_id for value in values]
    )


def _sized(value: DeviceValue) -> Sized:
    cell = value.cell
    assert cell.model.parameters is not None
    return Sized(
        group=(cell.dataset_id, cell.hardware_class_id, cell.scope, cell.stratum),
        energy=value.energy_per_query_j,
        parameters=cell.model.parameters,
        general_purpose=cell.model.kind == "general-purpose",
    )


def _place(row: BoardRow) -> Place:
    return row.series, row.task, row.dataset, row.hardware, row.scope


def _cell_value(row: BoardRow) -> ModelValue:
    interval = row.comparable_j
    return ModelValue(
        model=row.model,
        general_purpose=row.general_purpose,
        source=row.conditions,
        energy_per_query_j=row.energy_per_query_j,
        half_width=None if interval is None else log(interval[1] / interval[0]) / 2,
    )


def _scores(row: BoardRow) -> list[ModelScore]:
    return [
        ModelScore(
            model=row.model,
            general_purpose=row.general_purpose,
            source=row.conditions,
            metric=score["metric"],
            higher_is_better=score["higher_is_better"],
            value=score["value"],
            interval=interval_of_score(score),
        )
        for score in row.quality
    ]
