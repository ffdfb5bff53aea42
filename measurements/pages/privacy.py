"""What is kept of readers and of contributors."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of


@made_of()
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept of readers and of contributors."""
    return render(request, "pages/privacy.html")
