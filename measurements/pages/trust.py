"""Why a reader may believe a number: what a signature proves, how lies are found, and what remains possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of()
@require_safe
def trust(request: HttpRequest) -> HttpResponse:
    """The evidence behind a number, and its limits, for readers."""
    return render(request, "pages/trust.html")
