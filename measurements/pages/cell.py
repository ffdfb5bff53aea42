"""One value of a board with everybody behind it, now or as of a moment."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.cell_detail import explain_cell
from measurements.boards.requested_rows import named_in
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.impact.form import year_of_value
from measurements.intake.sources import SUBMISSIONS
from measurements.pages.page_sheets import cell_sheet
from measurements.pages.plot_sheets import plot_files, social_image
from measurements.published.sources import PUBLISHED
from measurements.review.sources import JUDGED_RESULTS
from measurements.web.as_of import address_at, honours_as_of, moment_shown, time_shown


@made_of(BOARDS, CATALOG, CONTRIBUTORS, PUBLISHED, JUDGED_RESULTS, SUBMISSIONS)
@honours_as_of
@require_safe
def cell(request: HttpRequest, series: str, task: str) -> HttpResponse:
    """One value, now with everybody behind it, or as of a moment."""
    detail = explain_cell(series_slug=series, task_slug=task, named=request.GET, at=time_shown(request))
    if detail is None:
        raise Http404(
            gettext("There is no such value on this board, or nothing has been accepted for it yet.")
        )
    year = address_at(moment_shown(request), "impact", **year_of_value(detail.row))
    named = named_in(request)
    sheet = cell_sheet(detail, moment_shown(request))
    path = partial(address_at, moment_shown(request), "cell-plot", series, task, **named)
    context = {
        "cell": detail,
        "plot": sheet.drawing,
        "files": plot_files(path),
        "social": social_image(sheet, path),
        "year": year,
        "cell_query": urlencode(named),
    }
    return render(request, "pages/cell.html", context)
