"""What our numbers are in the terms of three standards, what we cannot supply, and the forms that they leave in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from joulemark.exports.forms import FORMS
from measurements.answer_cache.sources import made_of
from measurements.pages.standard_fields import STANDARDS


@made_of()
@require_safe
def standards(request: HttpRequest) -> HttpResponse:
    """Each standard with its fields beside ours, and the forms of the exports."""
    return render(request, "pages/standards.html", {"standards": STANDARDS, "forms": list(FORMS.values())})
