"""What was rejected or withdrawn, when, and by which rule or for which reason."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.intake.models import State
from measurements.intake.sources import SUBMISSIONS
from measurements.ledger.release_entries import read_release_entries
from measurements.ledger.sources import LEAVES
from measurements.review.listing import PER_PAGE
from measurements.review.moves import RETIRED
from measurements.review.retirements import releases_before_withdrawal, retired_submissions
from measurements.review.sources import STATE_REASONS
from measurements.review.state_reasons import reason_of
from measurements.web.bounded_pages import BoundedPaginator


@made_of(CATALOG, CONTRIBUTORS, LEAVES, STATE_REASONS, SUBMISSIONS)
@require_safe
def retirement_list(request: HttpRequest) -> HttpResponse:
    """One page of the rejected results, or of the withdrawn ones where `state` asks for them."""
    state = request.GET.get("state", State.REJECTED.value)
    if state not in RETIRED:
        raise Http404(gettext("Retired results are rejected or withdrawn; ask for one of these states."))
    page = BoundedPaginator(retired_submissions(State(state)), PER_PAGE).get_page(request.GET.get("page"))
    releases = read_release_entries()
    context = {
        "page": page,
        "rows": [
            (submission, reason_of(submission, state=state), releases_before_withdrawal(submission, releases))
            for submission in page
        ],
        "state": state,
        "states": [retired.value for retired in RETIRED],
    }
    return render(request, "pages/retirement_list.html", context)
