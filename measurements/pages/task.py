"""A task's page: the chooser, and the one table of all its rows, which a query filters, orders and converts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of, note, note_one_off
from measurements.boards.board_query import QueryRefused, parse
from measurements.boards.board_table import read_table
from measurements.boards.page_views import VIEWED
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.display.plot import dot_plot
from measurements.display.plot_file import svg_file
from measurements.display.raster import png_of
from measurements.pages.query_form import chooser_fields, filter_groups, query_fields, unit_title
from measurements.pages.table_heads import table_heads
from measurements.pages.table_words import (
    active_filters,
    axis_title,
    provenance,
    table_address,
    table_points,
    table_title,
)
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import PARAMETERS, address_at, honours_as_of, moment_shown, time_shown

if TYPE_CHECKING:
    from measurements.boards.board_query import BoardQuery
    from measurements.boards.board_table import BoardTable
    from measurements.display.plot import Plot, Point
    from measurements.web.as_of import Moment

MANY_ROWS = 40
"""Of more rows a page shows the drawing, when it is opened: a plot of its own would be a third of its bytes."""


@made_of(BOARDS, CATALOG, PUBLISHED, on_view=VIEWED.note)
@honours_as_of
@require_safe
def task(request: HttpRequest, task: str) -> HttpResponse:
    """One page of a task's table. An address that is written otherwise than its query is, leads to that one."""
    try:
        query = _query(request)
        address = address_at(moment_shown(request), "task", task, **query.parameters)
        if address != request.get_full_path():
            return HttpResponseRedirect(address)
        table = _table(request, task, query)
    except QueryRefused as refusal:
        return _refused(request, task, refusal)
    note(
        request,
        {(line.row.task, line.row.dataset, line.row.model) for line in table.rows if line.row.dataset},
    )
    moment = moment_shown(request)
    points = table_points(table)
    fields = query_fields(query, table.choices)
    context = {
        "table": table,
        "task_slug": task,
        "heads": table_heads(table),
        "unit": unit_title(table.query),
        "groups": filter_groups(fields),
        "chooser": chooser_fields(fields),
        "active": [
            (label, value, _query_address(table, moment, without))
            for label, value, without in active_filters(table, fields)
        ],
        "moment": moment.query if moment else "",
        "carried": format_html_join(
            "", '<input type="hidden" name="{}" value="{}">', parse_qsl(moment.query) if moment else []
        ),
        "downloads": [
            (word, table_address(table, moment, name))
            for word, name in (
                ("CSV", "api-task-csv"), ("JSON", "api-task-json"), ("SVG", "task-svg"), ("PNG", "task-png"),
            )
        ],
        "previous": _page_address(table, moment, -1) if query.page > 1 else None,
        "next": _page_address(table, moment, 1) if query.page < table.n_pages else None,
        "points": points,
        "plot": None if len(points) > MANY_ROWS else _plot(table, points),
        "drawing": table_address(table, moment, "task-svg"),
    }  # fmt: skip
    return _page(request, context)


def _plot(table: BoardTable, points: list[Point]) -> Plot | None:
    return dot_plot(
        points,
        title=table_title(table),
        description=gettext("The table below has every value."),
        axis=axis_title(table),
    )


def _page(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "pages/task.html", context, status=status)


def _page_address(table: BoardTable, moment: Moment | None, pages: int) -> str:
    return _query_address(table, moment, table.query.but(page=table.query.page + pages))


def _query_address(table: BoardTable, moment: Moment | None, query: BoardQuery) -> str:
    return address_at(moment, "task", table.task.slug, **query.parameters)


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@require_safe
def task_svg(request: HttpRequest, task: str) -> HttpResponse:
    """The plot of the same rows, as a drawing that stands alone."""
    return _file(request, task, "image/svg+xml")


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@require_safe
def task_png(request: HttpRequest, task: str) -> HttpResponse:
    """The same as a picture."""
    return _file(request, task, "image/png")


def _file(request: HttpRequest, task: str, kind: str) -> HttpResponse:
    try:
        table = _table(request, task, _query(request))
    except QueryRefused as refusal:
        return _refused(request, task, refusal)
    drawing = svg_file(
        table_points(table),
        title=table_title(table),
        about=[
            gettext("Rows %(first)d to %(last)d of %(total)d")
            % {"first": table.n_first, "last": table.n_last, "total": table.n_rows}
        ] if table.rows else [gettext("No row fits these filters.")],
        axis=axis_title(table),
        notes=provenance(table, moment_shown(request)),
    )  # fmt: skip
    return HttpResponse(
        png_of(drawing, scale=1 if len(table.rows) > MANY_ROWS else 2) if kind == "image/png" else drawing,
        content_type=kind,
    )


def _refused(request: HttpRequest, task: str, refusal: QueryRefused) -> HttpResponse:
    return _page(request, {"refusal": refusal, "task_slug": task}, status=400)


def _query(request: HttpRequest) -> BoardQuery:
    """The query of a request. Raises QueryRefused."""
    return parse(
        (name, value) for name, values in request.GET.lists() if name not in PARAMETERS for value in values
    )


def _table(request: HttpRequest, task: str, query: BoardQuery) -> BoardTable:
    """The table that a request asks for. Raises QueryRefused, or Http404 where the task has no row."""
    table = read_table(task_slug=task, query=query, at=time_shown(request))
    if table is None:
        raise Http404(gettext("There is no such task, or nothing has been accepted for it yet."))
    if not is_kept(request, query):
        note_one_off(request)
    return table


def is_kept(request: HttpRequest, query: BoardQuery) -> bool:
    """Whether the answer may be kept: its query is a common one, and its address the one that all of its kind have."""
    moment = moment_shown(request)
    written = "&".join(part for part in (query.encoded, moment.query if moment else "") if part)
    return query.is_common and request.META.get("QUERY_STRING", "") == written
