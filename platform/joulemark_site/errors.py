"""Answers to what nobody has asked for properly: problem documents under /api/, pages everywhere else."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.shortcuts import render
from django.views import defaults

from measurements.web.problems import TITLES, problem

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)

API = "/api/"
RETRY_AFTER_S = 2


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404. A page shows the sentence of whoever raised it; that no address fits is Django's, and has none."""
    if request.path.startswith(API):
        return _problem(404, "Not found", "The API has nothing at this address; /api/ lists what it has.")
    reason = exception.args[0] if exception.args else None
    sentence = reason if isinstance(reason, str) else ""
    return render(request, "404.html", {"sentence": sentence}, status=404)


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: what Django itself refuses, such as a Host that is none of ours or a form that cannot be read."""
    logger.warning("refused what cannot be understood: %s", type(exception).__name__)
    if isinstance(exception, DisallowedHost):
        return refuse(
            request, 400, f"This platform does not answer under that host name; it is {settings.ORIGIN}."
        )
    return refuse(request, 400, "The request cannot be read; see /api/ for what the API takes.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403; what was raised is for its log."""
    del exception
    return refuse(request, 403, "This is not allowed; open the page again and send its form from there.")


def forbidden_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token; Django's reason is for its log."""
    del reason
    return refuse(request, 403, "This is not allowed; open the page again and send its form from there.")


def refuse(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    """A problem document under /api/, plain text elsewhere: a page would ask of the request what it cannot answer."""
    if request.path_info.startswith(API):
        return _problem(status, TITLES.get(status, "Not understood"), sentence)
    body = f"{sentence}\n".encode()
    kind = "text/plain; charset=utf-8"
    return HttpResponse(body, status=status, content_type=kind, headers={"Content-Length": str(len(body))})


def crashed(request: HttpRequest) -> HttpResponse:
    """500; or 503 where the database was away, which is over soon and which a client may try again."""
    if isinstance(sys.exception(), (OperationalError, InterfaceError)):
        return _database_away(request)
    if request.path.startswith(API):
        return _problem(
            500,
            "Our mistake",
            "Something went wrong on the platform's side. Nothing that it has given a receipt for is lost; "
            "try again in a minute.",
        )
    return defaults.server_error(request)


def _database_away(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(API):
        answer = _problem(
            503,
            "Not available now",
            "The platform's database gave no answer. Nothing that it has given a receipt for is lost; "
            "send the same bytes again.",
            code="JM-DATABASE-AWAY",
        )
    else:
        answer = HttpResponse(defaults.server_error(request).content, status=503)
    answer["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def _problem(status: int, title: str, detail: str, *, code: str = "") -> HttpResponse:
    return problem(status=status, code=code or f"JM-HTTP-{status}", detail=detail, title=title)
