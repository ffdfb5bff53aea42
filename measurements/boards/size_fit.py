"""Energy against size on one task: the models of each group of equal conditions that state their size, with a fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from joulemark.consensus.power_law import PowerLaw, power_law
from measurements.answer_cache.version_memo import while_unchanged
from measurements.boards.board_row import BoardRow, row_of_cell
from measurements.boards.fault_isolation import NotComputable, computed
from measurements.boards.models import Cell
from measurements.boards.queries import read_rows
from measurements.boards.series import PublisherSeries, metered_series, series_of_suite
from measurements.catalog.cached_rows import with_cached_names
from measurements.catalog.sources import CATALOG
from measurements.published.sources import PUBLISHED

if TYPE_CHECKING:
    from measurements.boards.series import Series
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
    cells = Cell.objects.of_tasks([task]).filter(model__parameters__gt=0)
    rows: list[tuple[Series, BoardRow]] = [
        (series_of_suite(cell.suite, cell.grade), row_of_cell(cell, series_of_suite(cell.suite, cell.grade)))
        for cell in with_cached_names(cells.order_by("-updated_at", "pk")[:MAX_CELLS])
    ]
    for publisher in metered_series():
        rows += [(publisher, row) for row in _rows_with_size(publisher, task)]

    def key(entry: tuple[Series, BoardRow]) -> tuple[str, tuple[str, str, str, str]]:
        return entry[0].slug, entry[1].conditions

    groups = []
    for _, entries in groupby(sorted(rows, key=key), key=key):
        of_group = list(entries)
        if len({row.model for _, row in of_group}) >= MIN_MODELS:
            groups.append((of_group[0][0], [row for _, row in of_group]))
    groups.sort(key=lambda group: (-len(group[1]), key((group[0], group[1][0]))))
    return [
        SizeGroup(series=series, rows=of_group, law=_law(of_group))
        for series, of_group in groups[:MAX_GROUPS]
    ]


@while_unchanged(CATALOG, PUBLISHED)
def _rows_with_size(series: PublisherSeries, task: Task) -> list[BoardRow]:
    return [row for row in read_rows(series, [task]) if row.parameters]


def _law(rows: list[BoardRow]) -> PowerLaw | None:
    points = [(row.parameters / 1e9, row.energy_wh_per_1000) for row in rows if row.parameters]
    try:
        return computed(f"energy against size on {rows[0].dataset}", partial(power_law, points))
    except NotComputable:
        return None
