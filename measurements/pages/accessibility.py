"""What readers with different abilities can rely on, and known limits."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of


@made_of()
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """What readers with different abilities can rely on, and known limits."""
    return render(request, "pages/accessibility.html")
