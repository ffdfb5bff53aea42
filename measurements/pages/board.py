"""A page of a leaderboard, now or as of a moment."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from joulemark.suite.published import load_study
from measurements.answer_cache.sources import made_of, note
from measurements.boards.board_pages import ROWS_PER_PAGE
from measurements.boards.page_views import VIEWED
from measurements.boards.queries import NotKept, read_board
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.pages.charts import group_plots
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import honours_as_of, moment_shown, time_shown


@made_of(BOARDS, CATALOG, PUBLISHED, on_view=VIEWED.note)
@honours_as_of
@require_safe
def board(request: HttpRequest, series: str, task: str) -> HttpResponse:
    """One page of a leaderboard, now or as of a moment."""
    try:
        leaderboard = read_board(
            series_slug=series, task_slug=task, at=time_shown(request), page=request.GET.get("page", 1)
        )
    except NotKept as error:
        raise Http404(str(error)) from error
    if leaderboard is None:
        raise Http404(gettext("There is no such board, or nothing has been accepted on it yet."))
    note(request, ((row.task, row.dataset, row.model) for row in leaderboard.rows if row.dataset))
    moment = moment_shown(request)
    plots = group_plots(leaderboard.groups, moment)
    context = {
        "board": leaderboard,
        "page": Paginator(range(leaderboard.n_rows), ROWS_PER_PAGE).page(leaderboard.page or 1),
        "query": moment.query if moment else "",
        "groups": list(zip(leaderboard.groups, plots, strict=True)),
        "study": load_study() if leaderboard.series.is_study else None,
    }
    return render(request, "pages/board.html", context)
