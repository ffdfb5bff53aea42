"""The project's terms with their meanings, in the reader's language."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.display.glossary import SECTIONS


@made_of()
@require_safe
def glossary(request: HttpRequest) -> HttpResponse:
    """Every term, section by section."""
    return render(request, "pages/glossary.html", {"sections": SECTIONS})
