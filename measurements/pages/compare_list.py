"""The tasks on which both kinds of model were run."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.boards.equal_size import read_equal_size
from measurements.pages.overview import read_overview


@require_safe
def compare_list(request: HttpRequest) -> HttpResponse:
    """The tasks on which both kinds of model were run."""
    overview = read_overview()
    equal_size, n_missing = read_equal_size(row.series for _task, row in overview.crowd)
    context = {"overview": overview, "equal_size": equal_size, "n_missing": n_missing}
    return render(request, "pages/compare_list.html", context)
