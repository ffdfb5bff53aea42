"""What the numbers mean in short, what is measured here, and the published study with its sources."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from joulemark.suite.published import load_study
from measurements.answer_cache.sources import made_of
from measurements.catalog.sources import CATALOG
from measurements.pages.suite_hints import suite_hints


@made_of(CATALOG)
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """The suites of this platform, and what to know of the study's figures."""
    context = {"study": load_study(), "suites": suite_hints()}
    return render(request, "pages/about.html", context)
