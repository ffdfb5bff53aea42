"""A task's table as a query asks for it: one page of rows, the same for HTML, CSV, JSON, SVG and PNG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext

from measurements.boards.board_query import ROWS_PER_PAGE, BadValue
from measurements.boards.board_row import row_of_cell, row_of_figure
from measurements.boards.models import Cell, CellRevision
from measurements.boards.queries import NotKept, require_kept
from measurements.boards.relative_energy import informative, relative_energy
from measurements.boards.series import PublisherSeries, SuiteSeries
from measurements.boards.table_choices import choices_of
from measurements.boards.table_rows import OF_CELL, count_and_keys
from measurements.boards.table_units import energy_in_unit
from measurements.catalog.cached_rows import tasks_by_slug, with_cached_names
from measurements.published.models import PublishedFigure
from measurements.web.as_of import address_at
from measurements.web.languages import without_language

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from measurements.boards.board_query import BoardQuery
    from measurements.boards.board_row import BoardRow
    from measurements.boards.relative_energy import RelativeEnergy
    from measurements.boards.table_choices import TableChoices
    from measurements.boards.table_rows import RowKey
    from measurements.boards.table_units import TableEnergy
    from measurements.catalog.models import AiModel, HardwareClass, Task
    from measurements.web.as_of import Moment


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """A row of a board with what a query adds: its energy in a unit, and how many times the least it is.

    `relative` is None where the row has no energy in the unit. `latency_p50_s` and `peak_memory_bytes` are those of the
    results, None where none says so and of published figures.
    """

    row: BoardRow
    series: SuiteSeries | PublisherSeries
    model: AiModel
    hardware: HardwareClass
    energy: TableEnergy
    relative: RelativeEnergy | None
    score: dict[str, Any] | None
    latency_p50_s: float | None
    peak_memory_bytes: int | None

    @property
    def released_on(self) -> date | None:
        """The day since when the hub has the model."""
        return self.model.released_on


@dataclass(frozen=True, kw_only=True)
class BoardTable:
    """One page of the rows that a query finds; `n_rows` counts those of all pages. `as_of` is None for now."""

    task: Task
    query: BoardQuery
    choices: TableChoices
    rows: list[TableRow]
    n_rows: int
    as_of: datetime | None

    @property
    def n_pages(self) -> int:
        """How many pages there are: one at least."""
        return max(1, -(-self.n_rows // ROWS_PER_PAGE))

    @property
    def n_first(self) -> int:
        """The number of the first row here, counted from 1."""
        return (self.query.page - 1) * ROWS_PER_PAGE + 1

    @property
    def n_last(self) -> int:
        """The number of the last row here."""
        return self.n_first + len(self.rows) - 1

    @property
    def versions(self) -> dict[str, int]:
        """The version of each series that has a row here: the highest that one of these rows was written with."""
        highest: dict[str, int] = {}
        for line in self.rows:
            highest[line.row.series] = max(line.row.version, highest.get(line.row.series, 0))
        return dict(sorted(highest.items()))

    def path(self, moment: Moment | None, *, name: str = "task", query: BoardQuery | None = None) -> str:
        """The path of this table in one of its formats, by the name of its view; or of another query of its task."""
        target = self.query if query is None else query
        return address_at(moment, name, self.task.slug, **target.parameters)

    def address(self, moment: Moment | None, *, name: str = "task", query: BoardQuery | None = None) -> str:
        """The same as an absolute address, which leads each reader to a page in their language."""
        return f"{settings.ORIGIN}{without_language(self.path(moment, name=name, query=query))}"

    @property
    def has_one_condition(self) -> bool:
        """Whether all of its rows were measured under the same conditions, and so compare directly."""
        return len({(line.row.series, *line.row.conditions) for line in self.rows}) <= 1

    @property
    def metric(self) -> str:
        """The score that its column of quality has: the one asked for, or the task's only one; "" for all."""
        metrics = list(self.choices.metrics)
        return self.query.metric or (metrics[0] if len(metrics) == 1 else "")


def read_table(*, task_slug: str, query: BoardQuery, at: datetime | None = None) -> BoardTable | None:
    """The page of a task's table that a query asks for, now or at a time; None where the task has no row at all.

    Raises BadValue where the query names what no row has, or a page that is not there.
    """
    task = tasks_by_slug().get(task_slug)
    choices = None if task is None else choices_of(task, at=at)
    if task is None or choices is None or not choices.series:
        return None
    if at is not None and query.series not in choices.series:
        try:
            require_kept(query.series, at)
        except NotKept as error:
            raise BadValue(str(error)) from error
    choices.require(query)
    n_rows, keys = count_and_keys(task, query, choices, at=at)
    table = BoardTable(
        task=task, query=query, choices=choices, rows=_rows(keys, query, choices, at), n_rows=n_rows, as_of=at
    )
    if query.page > table.n_pages:
        raise BadValue(
            gettext("There is no page %(page)d of this table: the last is %(last)d. Ask for that one.")
            % {"page": query.page, "last": table.n_pages}
        )
    return table


def _rows(
    keys: Sequence[RowKey], query: BoardQuery, choices: TableChoices, at: datetime | None
) -> list[TableRow]:
    """The rows at these keys, read in one query for each of both kinds."""
    of_cells = [key.pk for key in keys if key.source == OF_CELL]
    of_figures = [key.pk for key in keys if key.source != OF_CELL]
    stored = Cell.objects if at is None else CellRevision.objects
    cells = stored.in_bulk(of_cells) if of_cells else {}
    figures = (
        PublishedFigure.objects.select_related("series", "task").in_bulk(of_figures) if of_figures else {}
    )
    with_cached_names(cells.values())
    with_cached_names(figures.values())
    every = (((cells if key.source == OF_CELL else figures).get(key.pk), key) for key in keys)
    return [_row(stored_row, key, query, choices) for stored_row, key in every if stored_row is not None]


def _row(stored: Any, key: RowKey, query: BoardQuery, choices: TableChoices) -> TableRow:
    is_cell = key.source == OF_CELL
    series: SuiteSeries | PublisherSeries
    if is_cell:
        series = SuiteSeries(suite=stored.suite.name, version=stored.suite.version, grade=stored.grade)
        row = row_of_cell(stored, series)
    else:
        series = choices.series[stored.series.slug]
        row = row_of_figure(stored, series)
    energy = energy_in_unit(row, query)
    metric = query.metric or (next(iter(choices.metrics)) if len(choices.metrics) == 1 else "")
    return TableRow(
        row=row,
        series=series,
        model=stored.model,
        hardware=stored.hardware_class,
        energy=energy,
        relative=_relative(energy, key),
        score=next((score for score in row.quality if score["metric"] == metric), None),
        latency_p50_s=stored.latency_p50_s if is_cell else None,
        peak_memory_bytes=stored.peak_memory_bytes if is_cell else None,
    )


def _relative(energy: TableEnergy, key: RowKey) -> RelativeEnergy | None:
    if energy.value_j is None or key.least_j is None:
        return None
    return relative_energy(
        energy.value_j,
        informative(energy.value_j, energy.between_low_j, energy.between_high_j),
        key.least_j,
        informative(key.least_j, key.least_low_j, key.least_high_j),
        is_least=energy.value_j == key.least_j,
    )
