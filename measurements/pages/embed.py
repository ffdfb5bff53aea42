"""Small pages for the frames of other sites: the first rows of a board, and one value."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.models import NAMED_BY
from measurements.boards.queries import NotKept, find_row, read_board
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import address_at, honours_as_of, moment_shown, time_shown

MAX_ROWS = 10


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@require_safe
def embed_board(request: HttpRequest, series: str, task: str) -> HttpResponse:
    """The first rows of a board, with a link to all of it."""
    try:
        board = read_board(series_slug=series, task_slug=task, at=time_shown(request), page=1)
    except NotKept as error:
        raise Http404(str(error)) from error
    if board is None:
        raise Http404(gettext("There is no such board, or nothing has been accepted on it yet."))
    context = {
        "rows": board.rows[:MAX_ROWS],
        "n_rows": board.n_rows,
        "series": board.series,
        "task": board.task,
        "version": board.version,
        "at": board.version_at,
        "page_path": address_at(moment_shown(request), "board", series, task),
    }
    return _frame(request, context)


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@require_safe
def embed_cell(request: HttpRequest, series: str, task: str) -> HttpResponse:
    """One value with its interval, grade and date, with a link to its evidence."""
    named = {name: request.GET.get(name, "") for name in NAMED_BY}
    try:
        series_and_row = find_row(series_slug=series, task_slug=task, named=named, at=time_shown(request))
    except NotKept as error:
        raise Http404(str(error)) from error
    if series_and_row is None:
        raise Http404(
            gettext("There is no such value on this board, or nothing has been accepted for it yet.")
        )
    of_series, row = series_and_row
    page = "board" if of_series.is_published else "cell"
    question = {} if of_series.is_published else named
    context = {
        "rows": [row],
        "n_rows": 1,
        "series": of_series,
        "task": None,
        "version": row.version,
        "at": row.updated_at,
        "page_path": address_at(moment_shown(request), page, series, task, **question),
    }
    return _frame(request, context)


def _frame(request: HttpRequest, context: dict[str, object]) -> HttpResponse:
    return render(request, "pages/embed.html", context)
