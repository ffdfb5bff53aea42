"""Problem documents (RFC 9457): how every refusal of the API looks."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer

from measurements.web.openapi import PROBLEM_TYPE

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
    416: "Not in the file",
    429: "Too often",
    503: "Not available now",
}


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
