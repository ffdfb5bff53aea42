"""What a table says of itself: its query, grades, scopes, versions and moment, for its page and its plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext

from measurements.boards.board_query import LIMITS
from measurements.display.row_plot import Point, dot_plot
from measurements.display.templatetags.figures import figure, grade_name, kind_name, scope_name
from measurements.display.titles import translated
from measurements.pages.charts import evidence_address
from measurements.pages.provenance import provenance_of_table
from measurements.pages.query_form import query_fields, region_name, unit_title

if TYPE_CHECKING:
    from collections.abc import Callable

    from measurements.boards.board_query import BoardQuery
    from measurements.boards.board_row import BoardRow
    from measurements.boards.board_table import BoardTable
    from measurements.display.drawing import Drawing
    from measurements.pages.query_form import QueryFields
    from measurements.web.as_of import Moment


def table_title(table: BoardTable) -> str:
    """The task and the unit."""
    return f"{translated(table.task.title)}: {unit_title(table.query)}"


def active_filters(table: BoardTable, fields: QueryFields) -> list[tuple[str, str, BoardQuery]]:
    """The label and the value of each filter in words, and the query without it."""
    filters = []
    for name in table.query.filters:
        field = fields[name]
        title = dict(field.options or []).get(field.value, field.value)
        without = _without(table.query, name)
        filters.append((field.label, title, without))
    return filters


def _without(query: BoardQuery, name: str) -> BoardQuery:
    return query.but(**{name: None if name in LIMITS else ""})


def row_labeller(table: BoardTable) -> Callable[[BoardRow], str]:
    """What plots of a table call its rows: the model, and what tells it from the others."""
    names = _names(table)
    return lambda row: " · ".join(filter(None, [row.model_title, *(name(row) for name in names)]))


def table_points(table: BoardTable, moment: Moment | None) -> list[Point]:
    """A point for each row that has an energy in the unit, with its interval (published: the range of runs)."""
    label_of = row_labeller(table)
    return [
        Point(
            label=label_of(line.row),
            text=figure(line.energy.value),
            value=line.energy.value,
            low=line.energy.low,
            high=line.energy.high,
            kind=line.row.kind,
            kind_title=kind_name(line.row.kind),
            grade=line.row.grade,
            href=evidence_address(line.row, moment),
        )
        for line in table.rows
        if line.energy.value is not None and line.energy.value > 0
    ]


def table_plot(table: BoardTable, moment: Moment | None) -> Drawing | None:
    """The rows in the order of the table, each leading to its evidence."""
    return dot_plot(
        table_points(table, moment),
        title=table_title(table),
        description=gettext("The table below has every value."),
        caption=axis_title(table),
    )


def _names(table: BoardTable) -> list[Callable[[BoardRow], str]]:
    """What a row's name needs beside its model's, where rows have several: hardware, data set, configuration."""
    names: tuple[Callable[[BoardRow], str], ...] = (
        lambda row: row.hardware_title,
        lambda row: translated(row.dataset_title) or gettext("all data sets"),
        lambda row: row.stratum,
    )
    return [name for name in names if len({name(line.row) for line in table.rows}) > 1]


def axis_title(table: BoardTable) -> str:
    """The unit of a plot's axis, and what its bars are."""
    return gettext(
        "%(unit)s, logarithmic. Bars: 95 %% interval of the true energy; of published figures the range of their runs."
    ) % {"unit": unit_title(table.query)}


def plot_notes(table: BoardTable, moment: Moment | None) -> list[str]:
    """Grade, scope, versions, moment, terms and address of what a plot shows, a sentence each."""
    origin = provenance_of_table(table)
    series = {line.row.series: line.series for line in table.rows}
    versions = (f"{series[slug].title} ({slug}, {version})" for slug, version in origin.versions)
    fields = query_fields(table.query, table.choices)
    filters = "; ".join(f"{label}: {value}" for label, value, _ in active_filters(table, fields))
    parts = [
        (gettext("Filter"), filters),
        (gettext("Grade"), ", ".join(map(grade_name, origin.grades))),
        (gettext("Scope"), ", ".join(map(scope_name, origin.scopes))),
        (gettext("Series and version"), "; ".join(versions)),
        (gettext("Last change"), f"{origin.at:%Y-%m-%d %H:%M} UTC" if origin.at and not table.as_of else ""),
        (gettext("As of"), f"{table.as_of:%Y-%m-%d %H:%M:%S} UTC" if table.as_of else ""),
        (gettext("Licence"), "; ".join(sorted({each.licence for each in series.values()}))),
        (gettext("Source"), f"{settings.ORIGIN}{table.path(moment)}"),
    ]
    if table.query.region:
        parts.insert(
            3, (gettext("Carbon intensity"), f"{region_name(table.query.region)}, {table.query.year} (Ember)")
        )
    return [f"{label}: {text}" for label, text in parts if text]
