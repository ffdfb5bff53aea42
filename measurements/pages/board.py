"""A page of a leaderboard, now or as of a moment."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from joulemark.suite.published import load_study
from measurements.answer_cache.sources import made_of, note
from measurements.boards.board_pages import ROWS_PER_PAGE
from measurements.boards.page_views import VIEWED
from measurements.boards.requested_rows import requested_board
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.pages.board_plots import board_sheet, groups_with_plots, plot_path
from measurements.pages.plot_sheets import social_image
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import honours_as_of, moment_shown


@made_of(BOARDS, CATALOG, PUBLISHED, on_view=VIEWED.note)
@honours_as_of
@require_safe
def board(request: HttpRequest, series: str, task: str) -> HttpResponse:
    """One page of a leaderboard, now or as of a moment."""
    leaderboard = requested_board(request, series, task, page=request.GET.get("page", 1))
    note(request, ((row.task, row.dataset, row.model) for row in leaderboard.rows if row.dataset))
    moment = moment_shown(request)
    groups = groups_with_plots(leaderboard, moment)
    energies = groups[0].energy
    sheet = board_sheet(leaderboard, groups[0].group, energies[0] if energies else None, moment)
    context = {
        "board": leaderboard,
        "page": Paginator(range(leaderboard.n_rows), ROWS_PER_PAGE).page(leaderboard.page or 1),
        "query": moment.query if moment else "",
        "groups": groups,
        "social": social_image(sheet, plot_path(leaderboard, moment, 1)),
        "study": load_study() if leaderboard.series.is_study else None,
    }
    return render(request, "pages/board.html", context)
