"""The front page: what this is, the headline, the boards, and how to take part or check."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.latest_models import LatestResult
from measurements.boards.queries import list_boards
from measurements.boards.sources import BOARDS, LATEST_RESULTS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.pages.overview import read_overview
from measurements.pages.provenance import provenance_of_boards
from measurements.pages.suite_hints import suite_hints
from measurements.published.sources import PUBLISHED


@made_of(BOARDS, CATALOG, CONTRIBUTORS, LATEST_RESULTS, PUBLISHED)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, the headline, the boards, and how to take part or check."""
    context = {
        "overview": read_overview(),
        "boards": list_boards(),
        "latest": LatestResult.objects.select_related("model", "dataset"),
        "origin": settings.ORIGIN,
        "suites": suite_hints(),
        "provenance": provenance_of_boards(),
    }
    return render(request, "pages/home.html", context)
