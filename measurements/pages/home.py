"""The front page: what this is, the headline, the boards, and how to take part or check."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.queries import list_boards
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.intake.sources import SUBMISSIONS
from measurements.pages.overview import read_overview
from measurements.pages.suite_hints import suite_hints
from measurements.published.sources import PUBLISHED
from measurements.review.listing import listed_submissions
from measurements.review.sources import RESULTS

LATEST = 8
"""Results that the front page lists."""


@made_of(BOARDS, CATALOG, CONTRIBUTORS, PUBLISHED, RESULTS, SUBMISSIONS)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, the headline, the boards, and how to take part or check."""
    context = {
        "overview": read_overview(),
        "boards": list_boards(),
        "latest": listed_submissions()[:LATEST],
        "origin": settings.ORIGIN,
        "suites": suite_hints(),
    }
    return render(request, "pages/home.html", context)
