"""Answers to what nobody has asked for properly: problem documents under /api/, pages everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views import defaults
from rest_framework.renderers import JSONRenderer

from measurements.intake.problems import problem

if TYPE_CHECKING:
    from django.http import HttpRequest

API = "/api/"


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404. A page shows the sentence of whoever raised it; that no address fits is Django's, and has none."""
    if request.path.startswith(API):
        return _problem(
            404, "Not found", "The API has nothing at this address; /api/v1/docs/ lists what it has."
        )
    said = exception.args[0] if exception.args else None
    sentence = said if isinstance(said, str) else ""
    return render(request, "404.html", {"sentence": sentence}, status=404)


def crashed(request: HttpRequest) -> HttpResponse:
    """500."""
    if request.path.startswith(API):
        return _problem(
            500,
            "Our mistake",
            "Something went wrong on the platform's side. Nothing that it has given a receipt for is lost; "
            "try again in a minute.",
        )
    return defaults.server_error(request)


def _problem(status: int, title: str, detail: str) -> HttpResponse:
    said = problem(status=status, code=f"JM-HTTP-{status}", detail=detail)
    body = JSONRenderer().render(said.data | {"title": title})
    return HttpResponse(body, status=status, content_type=said.content_type)
