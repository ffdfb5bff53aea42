"""What people decided about results, and which appeals wait."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.intake.sources import SUBMISSIONS
from measurements.ledger.sources import LEAVES
from measurements.review.decisions import PublicDecisions
from measurements.review.listing import PER_PAGE
from measurements.review.sources import RESULTS


@made_of(LEAVES, RESULTS, SUBMISSIONS)
@require_safe
def decision_list(request: HttpRequest) -> HttpResponse:
    """What people decided about results, and which appeals wait."""
    page = Paginator(PublicDecisions(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "pages/decision_list.html", {"page": page})
