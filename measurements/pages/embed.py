"""Small pages for the frames of other sites: the first rows of a board, and one value."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.requested_rows import named_in, requested_board, requested_row
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import address_at, honours_as_of, moment_shown

MAX_ROWS = 10


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@require_safe
def embed_board(request: HttpRequest, series: str, task: str) -> HttpResponse:
    """The first rows of a board, with a link to all of it."""
    board = requested_board(request, series, task, page=1)
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
    of_series, row = requested_row(request, series, task)
    page = "board" if of_series.is_published else "cell"
    question = {} if of_series.is_published else named_in(request)
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
