"""One line for each request, under an id that its upload, its messages and its verdict have too.

The id is the proxy's (X-Request-ID) where the platform is behind one of its own, else made here. The line has the
pattern of the address and not the address, and nothing of who asked.
"""

from __future__ import annotations

import logging
import secrets
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse

from measurements.concurrency.message_headers import WELL_FORMED, working_for
from measurements.monitoring.request_times import observe_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
NO_ROUTE = "-"
FOR_MONITORS = ("/livez", "/readyz", "/metrics")
READS = ("GET", "HEAD")


def logged_requests(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """The outermost middleware. An answer that is not the same for everybody names the request's id."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        begin_s = time.perf_counter()
        request_id = _id_of(request)
        with working_for([request_id]):
            response = get_response(request)
            if request.method not in READS or response.status_code >= 400:
                response.headers[HEADER] = request_id
            _write(request, response, time.perf_counter() - begin_s)
        return response

    return answer


def _id_of(request: HttpRequest) -> str:
    given = request.META.get("HTTP_X_REQUEST_ID", "") if settings.PROXIES else ""
    return given if WELL_FORMED.fullmatch(given) else secrets.token_hex(16)


def _write(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    match = request.resolver_match
    is_probe = request.path_info in FOR_MONITORS
    route = request.path_info if is_probe else f"/{match.route}" if match else NO_ROUTE
    method = request.method or "-"
    length = response.headers.get("Content-Length")
    if length is None and isinstance(response, HttpResponse):
        length = str(len(response.content))
    observe_request(method=method, route=route, status=response.status_code, seconds=seconds)
    logger.log(
        logging.DEBUG if is_probe else logging.INFO,
        "%s %s %d %.1f ms %s bytes", method, route, response.status_code, seconds * 1000, length or "unknown",
        extra={
            "method": method,
            "route": route,
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
            "bytes": None if length is None else int(length),
        },
    )  # fmt: skip
