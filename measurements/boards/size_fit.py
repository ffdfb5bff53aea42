"""Energy against size on one task: the models of each group of equal conditions that state their size, with a fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from joulemark.consensus.power_law import PowerLaw, power_law
from measurements.answer_cache.version_memo import while_unchanged
from measurements.boards.board_pages import GROUP_FIELDS
from measurements.boards.board_row import BoardRow, row_of_cell
from measurements.boards.fault_isolation import NotComputable, computed
from measurements.boards.models import Cell
from measurements.boards.queries import read_rows
from measurements.boards.series import PublisherSeries, metered_series, series_of_suite
from measurements.catalog.cached_rows import (
    datasets_by_key,
    hardware_by_key,
    suites_by_key,
    with_cached_names,
)
from measurements.catalog.sources import CATALOG
from measurements.published.sources import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from measurements.boards.series import Series, SuiteSeries
    from measurements.catalog.models import Task

MAX_GROUPS = 3
"""Groups that a page shows: those with the most models."""
MAX_CELLS = 3000
"""Cells of a task that are looked at, those that changed last first."""
MIN_MODELS = 3


@dataclass(frozen=True, kw_only=True)
class SizeGroup:
    """Rows of equal conditions whose models state their number of parameters; `law` is None where nothing fits."""

    series: Series
    rows: list[BoardRow]
    law: PowerLaw | None

    @property
    def head(self) -> BoardRow:
        """A row that speaks for the conditions of all."""
        return self.rows[0]


def read_size_groups(task: Task) -> list[SizeGroup]:
    """The groups of at least `MIN_MODELS` models with a size, those with the most first, at most `MAX_GROUPS`."""
    groups = [group for group in (*_of_cells(task), *_of_figures(task)) if group.n_models >= MIN_MODELS]
    groups.sort(key=lambda group: (-group.n_rows, group.series.slug, group.conditions))
    chosen = [(group.series, group.read_rows()) for group in groups[:MAX_GROUPS]]
    return [SizeGroup(series=series, rows=rows, law=_law(rows)) for series, rows in chosen if rows]


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """Rows of equal conditions, which are read if they are shown."""

    series: Series
    conditions: tuple[str, ...]
    n_rows: int
    n_models: int
    read_rows: Callable[[], list[BoardRow]]


def _of_cells(task: Task) -> Iterator[_Candidate]:
    """Of the cells that changed last, in that order; no more of them is read than what tells groups apart."""
    sized = Cell.objects.of_tasks([task]).filter(model__parameters__gt=0).order_by("-updated_at", "pk")
    of_group: dict[tuple[Any, ...], dict[int, int]] = {}
    for pk, model, *key in sized.values_list("pk", "model_id", "suite_id", "grade", *GROUP_FIELDS)[
        :MAX_CELLS
    ]:
        of_group.setdefault(tuple(key), {})[pk] = model
    for (suite, grade, dataset, hardware, *rest), models in of_group.items():
        series = series_of_suite(suites_by_key()[suite], grade)
        yield _Candidate(
            series=series,
            conditions=(datasets_by_key()[dataset].slug, hardware_by_key()[hardware].public_slug, *rest),
            n_rows=len(models),
            n_models=len({*models.values()}),
            read_rows=partial(_rows_of_cells, series, [*models]),
        )


def _rows_of_cells(series: SuiteSeries, keys: Sequence[int]) -> list[BoardRow]:
    cells = {cell.pk: cell for cell in with_cached_names(Cell.objects.filter(pk__in=keys))}
    return [row_of_cell(cells[key], series) for key in keys if key in cells]


def _of_figures(task: Task) -> Iterator[_Candidate]:
    for publisher in metered_series():
        rows = sorted(_rows_with_size(publisher, task), key=_conditions)
        for conditions, entries in groupby(rows, key=_conditions):
            of_group = list(entries)
            yield _Candidate(
                series=publisher,
                conditions=conditions,
                n_rows=len(of_group),
                n_models=len({row.model for row in of_group}),
                read_rows=partial(list, of_group),
            )


_conditions = attrgetter("conditions")


@while_unchanged(CATALOG, PUBLISHED)
def _rows_with_size(series: PublisherSeries, task: Task) -> list[BoardRow]:
    return [row for row in read_rows(series, [task]) if row.parameters]


def _law(rows: list[BoardRow]) -> PowerLaw | None:
    points = [(row.parameters / 1e9, row.energy_wh_per_1000) for row in rows if row.parameters]
    try:
        return computed(f"energy against size on {rows[0].dataset}", partial(power_law, points))
    except NotComputable:
        return None
