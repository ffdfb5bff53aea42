"""The log: its checkpoints and witnesses, and how anybody checks it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.ledger.log_summary import read_log_summary
from measurements.ledger.sources import CHECKPOINTS, LEAVES


@made_of(CHECKPOINTS, LEAVES)
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """The latest checkpoints, the witnesses, and commands."""
    return render(request, "pages/log.html", {"summary": read_log_summary(), "origin": settings.ORIGIN})
