"""The source code: its licence, the version that this platform runs, and how to reproduce a number with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import render
from django.views.decorators.http import require_safe

from joulemark import __version__
from joulemark.rules.judge import RULES_VERSION
from measurements.answer_cache.software_digest import software_digest
from measurements.answer_cache.sources import made_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of()
@require_safe
def source_code(request: HttpRequest) -> HttpResponse:
    """What runs here, under which terms, and how to check it."""
    context = {
        "software_version": __version__,
        "digest": software_digest(),
        "rules_version": RULES_VERSION,
        "origin": settings.ORIGIN,
    }
    return render(request, "pages/source_code.html", context)
