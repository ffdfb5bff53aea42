"""The tasks on which both kinds of model were run."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.equal_size import read_equal_size
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.pages.overview import read_overview
from measurements.pages.provenance import provenance_of_boards
from measurements.published.sources import PUBLISHED


@made_of(BOARDS, CATALOG, CONTRIBUTORS, PUBLISHED)
@require_safe
def compare_list(request: HttpRequest) -> HttpResponse:
    """The tasks on which both kinds of model were run."""
    overview = read_overview()
    equal_size, n_missing = read_equal_size(row.series for _task, row in overview.crowd)
    context = {
        "overview": overview,
        "equal_size": equal_size,
        "n_missing": n_missing,
        "provenance": provenance_of_boards(),
    }
    return render(request, "pages/compare_list.html", context)
