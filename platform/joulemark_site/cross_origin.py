"""Reads may be made from any web page (CORS): what is public is the same for everybody, and asks for no cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

READS = ("GET", "HEAD")
CLOSED = ("/admin/", "/metrics", "/doctor/")
READABLE_HEADERS = (
    "ETag, Link, Retry-After, RateLimit, RateLimit-Policy, Deprecation, Sunset, Content-Disposition, "
    "Accept-Ranges, Content-Range, Joulemark-As-Of, Joulemark-Checkpoint, Joulemark-Simulated"
)
MAX_AGE_S = 86_400


def cross_origin_reads(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: every read says that any page may have it; a browser that asks first is answered for reads alone.

    The header is the same whatever Origin asks, so that one kept answer serves all of them.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(CLOSED):
            return get_response(request)
        requested_method = request.META.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD")
        if request.method == "OPTIONS" and requested_method is not None:
            return _preflight()
        response = get_response(request)
        if request.method in READS:
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = READABLE_HEADERS
        return response

    return answer


def _preflight() -> HttpResponse:
    """What a browser may send: reads, with conditions. A write it does not find here, and does not send."""
    return HttpResponse(
        status=204,
        headers={
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, HEAD",
            "Access-Control-Allow-Headers": "Accept, If-None-Match",
            "Access-Control-Max-Age": str(MAX_AGE_S),
            "Cache-Control": "no-store",
        },
    )
