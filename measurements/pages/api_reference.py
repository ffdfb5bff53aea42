"""The index of the API's reference: each operation in a line and each schema by its name, with links to their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.web.api_reference import read_reference

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of()
@require_safe
def api_reference(request: HttpRequest) -> HttpResponse:
    """Every operation, schema and status under the fragment that it had while the reference was one page."""
    return render(request, "pages/api_reference.html", {"reference": read_reference()})
