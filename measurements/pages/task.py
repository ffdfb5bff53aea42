"""A task's page: the chooser, and the one table of all its rows, which a query filters, orders and converts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of, note
from measurements.boards.board_query import QueryRefused
from measurements.boards.page_views import VIEWED
from measurements.boards.requested_rows import requested_query, requested_table
from measurements.boards.sources import BOARDS
from measurements.catalog.models import Task
from measurements.catalog.sources import CATALOG
from measurements.display.row_plot import MANY_ROWS
from measurements.pages.page_sheets import quality_sheet, table_on_page, table_sheet
from measurements.pages.plot_sheets import plot_answer, plot_files, social_image
from measurements.pages.quality_chart import quality_plot
from measurements.pages.query_form import chooser_fields, filter_groups, query_fields, region_name, unit_title
from measurements.pages.table_heads import table_heads
from measurements.pages.table_words import active_filters
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import address_at, honours_as_of, moment_shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from measurements.boards.board_query import BoardQuery
    from measurements.boards.board_table import BoardTable
    from measurements.display.plot_file import Sheet
    from measurements.web.as_of import Moment

NO_ROWS = gettext_lazy("There is no such task, or nothing has been accepted for it yet.")


@made_of(BOARDS, CATALOG, PUBLISHED, on_view=VIEWED.note)
@honours_as_of
@require_safe
def task(request: HttpRequest, task: str) -> HttpResponse:
    """One page of a task's table. An address that is written otherwise than its query is, leads to that one."""
    try:
        query, moment = requested_query(request), moment_shown(request)
        address = address_at(moment, "task", task, **query.parameters)
        if address != request.get_full_path():
            return HttpResponseRedirect(address)
        table = requested_table(request, task, query)
    except QueryRefused as refusal:
        return _refused(request, task, refusal)
    if table is None:
        return _page(request, {"subject": _task_without_rows(task, moment)})
    note(
        request,
        {(line.row.task, line.row.dataset, line.row.model) for line in table.rows if line.row.dataset},
    )
    fields = query_fields(query, table.choices)
    sheet = table_on_page(table, moment)
    context = {
        "table": table,
        "subject": table.task,
        "task_slug": task,
        "heads": table_heads(table),
        "unit": unit_title(table.query),
        "region": region_name(query.region) if query.region else "",
        "groups": filter_groups(fields),
        "chooser": chooser_fields(fields),
        "active": [
            (label, value, table.path(moment, query=without))
            for label, value, without in active_filters(table, fields)
        ],
        "moment": moment.query if moment else "",
        "carried": format_html_join(
            "", '<input type="hidden" name="{}" value="{}">', parse_qsl(moment.query) if moment else []
        ),
        "downloads": [
            (word, table.path(moment, name=name))
            for word, name in (
                ("CSV", "api-task-csv"), ("JSON", "api-task-json"), ("SVG", "task-svg"), ("PNG", "task-png"),
            )
        ],
        "previous": table.path(moment, query=query.but(page=query.page - 1)) if query.page > 1 else None,
        "next": table.path(moment, query=query.but(page=query.page + 1)) if query.page < table.n_pages else None,
        "plot": sheet.drawing,
        "is_short": len(table.rows) <= MANY_ROWS,
        "quality": quality_plot(table, moment),
        "quality_files": plot_files(partial(_quality_address, table, moment)),
        "social": social_image(sheet, lambda _form: table.path(moment, name="task-card")),
    }  # fmt: skip
    return _page(request, context)


def _task_without_rows(slug: str, moment: Moment | None) -> Task:
    """A task that a suite names and nobody has measured. Raises Http404 where there is none, or not at the moment."""
    named = None if moment else Task.objects.named(slug)
    if named is None:
        raise Http404(str(NO_ROWS))
    return named


def _quality_address(table: BoardTable, moment: Moment | None, form: str) -> str:
    return address_at(moment, "task-quality-plot", table.task.slug, form, **table.query.parameters)


def _page(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "pages/task.html", context, status=status)


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@require_safe
def task_plot(request: HttpRequest, task: str, form: str) -> HttpResponse:
    """The plot of the same rows, as a file or as the card of the page."""
    return _file(request, task, form, table_sheet)


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@require_safe
def task_quality_plot(request: HttpRequest, task: str, form: str) -> HttpResponse:
    """The same rows beside their quality."""
    return _file(request, task, form, quality_sheet)


def _file(
    request: HttpRequest, task: str, form: str, sheet_of: Callable[[BoardTable, Moment | None], Sheet]
) -> HttpResponse:
    try:
        table = _table(request, task, requested_query(request))
    except QueryRefused as refusal:
        return _refused(request, task, refusal)
    return plot_answer(request, sheet_of(table, moment_shown(request)), form)


def _refused(request: HttpRequest, task: str, refusal: QueryRefused) -> HttpResponse:
    return _page(request, {"refusal": refusal, "task_slug": task}, status=400)


def _table(request: HttpRequest, task: str, query: BoardQuery) -> BoardTable:
    """The table that a request asks for. Raises QueryRefused, or Http404 where the task has no row."""
    table = requested_table(request, task, query)
    if table is None:
        raise Http404(str(NO_ROWS))
    return table
