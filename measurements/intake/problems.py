"""Errors of the API as problem documents (RFC 9457), for every view of every app."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from rest_framework.exceptions import APIException, NotFound
from rest_framework.exceptions import PermissionDenied as ApiPermissionDenied
from rest_framework.renderers import JSONRenderer

from joulemark.record.errors import RecordError
from measurements.catalog.described import PROBLEM_TYPE
from measurements.intake.refusals import Refusal, TooOften, count_refusal, refusal_for

TITLES = {
    400: "Not understood",
    403: "Not allowed",
    404: "Not found",
    405: "Wrong method",
    406: "Not available in that format",
    408: "Too slow",
    409: "Used already",
    411: "Length required",
    412: "Changed since",
    413: "Too large",
    414: "Address too long",
    415: "Wrong content type",
    429: "Too often",
}


def handle(error: Exception, _context: dict[str, Any]) -> HttpResponse | None:
    """DRF's exception handler: a problem document for what a client did; None (a 500) for what we did."""
    if isinstance(error, RecordError):
        error = refusal_for(error)
    if isinstance(error, Refusal):
        count_refusal(error)
        answer = problem(status=error.status, code=error.code, detail=str(error))
        if isinstance(error, TooOften):
            answer["Retry-After"] = str(error.wait_s)
        return answer
    if isinstance(error, Http404):
        error = NotFound(*error.args)
    if isinstance(error, PermissionDenied):
        error = ApiPermissionDenied()
    if isinstance(error, APIException):
        return problem(status=error.status_code, code=f"JM-HTTP-{error.status_code}", detail=_sentence(error))
    return None


def problem(*, status: int, code: str, detail: str, title: str | None = None) -> HttpResponse:
    """A problem document: JSON, whatever the view that it is about renders. `type` is made of the code."""
    fields = problem_fields(status=status, code=code, detail=detail)
    body = JSONRenderer().render(fields | ({"title": title} if title else {}))
    headers = {"Content-Length": str(len(body))}
    return HttpResponse(body, status=status, content_type=PROBLEM_TYPE, headers=headers)


def problem_fields(*, status: int, code: str, detail: str) -> dict[str, Any]:
    """The members of a problem document."""
    return {
        "type": f"urn:joulemark:problem:{code.lower()}",
        "title": TITLES.get(status, "Refused"),
        "status": status,
        "detail": detail,
        "code": code,
    }


def _sentence(error: APIException) -> str:
    detail = error.detail
    if isinstance(detail, dict):
        return " ".join(f"{name}: {_joined(text)}" for name, text in detail.items())
    if isinstance(detail, list):
        return _joined(detail)
    return str(detail)


def _joined(detail: object) -> str:
    return " ".join(map(str, detail)) if isinstance(detail, list) else str(detail)
