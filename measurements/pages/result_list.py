"""Every result in every state, latest first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.intake.models import State
from measurements.intake.sources import SUBMISSIONS
from measurements.review.filters import ResultFilter
from measurements.review.listing import PER_PAGE, codes_of, listed_submissions
from measurements.review.sources import JUDGED_RESULTS
from measurements.web.bounded_pages import BoundedPaginator


@made_of(CATALOG, CONTRIBUTORS, JUDGED_RESULTS, SUBMISSIONS)
@require_safe
def result_list(request: HttpRequest) -> HttpResponse:
    """Every result in every state, latest first."""
    chosen = ResultFilter(request.GET, queryset=listed_submissions())
    submissions = chosen.qs if chosen.is_valid() else listed_submissions().none()
    page = BoundedPaginator(submissions, PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "lines": [(submission, codes_of(submission)) for submission in page],
        "active": {name: value for name, value in request.GET.items() if name in chosen.filters and value},
        "query": query.urlencode(),
        "states": State.values,
    }
    return render(request, "pages/result_list.html", context)
