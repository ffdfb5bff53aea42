"""A contributor: results, agreement with others over time, credit, keys, appeals, devices."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.intake.sources import SUBMISSIONS
from measurements.review.contributor_record import read_contributor
from measurements.review.listing import PER_PAGE
from measurements.review.models import TRUSTED_AFTER
from measurements.review.sources import CREDIT, RESULTS
from measurements.web.bounded_pages import BoundedPaginator


@made_of(CATALOG, CONTRIBUTORS, CREDIT, RESULTS, SUBMISSIONS)
@require_safe
def contributor(request: HttpRequest, pseudonym: str) -> HttpResponse:
    """One contributor with a page of its results."""
    record = read_contributor(pseudonym)
    if record is None:
        raise Http404(gettext("This platform has no contributor of this pseudonym."))
    context = {
        "record": record,
        "page": BoundedPaginator(record.submissions, PER_PAGE).get_page(request.GET.get("page")),
        "trusted_after": TRUSTED_AFTER,
    }
    return render(request, "pages/contributor.html", context)
