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

from measurements.answer_cache.replay import NO_ROUTE, ROUTE_KEY
from measurements.concurrency.message_headers import WELL_FORMED, working_for
from measurements.monitoring.request_times import observe_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from django.http import HttpRequest, HttpResponseBase

    from measurements.answer_cache.replay import ReplayedAnswer

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
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


def log_replayed(answer: ReplayedAnswer) -> None:
    """Count and log an answer that was sent in front of all middleware."""
    with working_for([_given_or_made_id(answer.environ)]):
        _count_and_log(
            method="GET", route=answer.route, status=200, seconds=answer.seconds, n_bytes=answer.n_bytes
        )


def _id_of(request: HttpRequest) -> str:
    return _given_or_made_id(request.META)


def _given_or_made_id(environ: Mapping[str, Any]) -> str:
    given = environ.get("HTTP_X_REQUEST_ID", "") if settings.PROXIES else ""
    return given if WELL_FORMED.fullmatch(given) else secrets.token_hex(16)


def _write(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    match = request.resolver_match
    is_probe = request.path_info in FOR_MONITORS
    route = request.path_info if is_probe else f"/{match.route}" if match else NO_ROUTE
    request.META[ROUTE_KEY] = route
    length = response.headers.get("Content-Length")
    if length is None and isinstance(response, HttpResponse):
        length = str(len(response.content))
    _count_and_log(
        method=request.method or "-",
        route=route,
        status=response.status_code,
        seconds=seconds,
        n_bytes=None if length is None else int(length),
    )


def _count_and_log(*, method: str, route: str, status: int, seconds: float, n_bytes: int | None) -> None:
    observe_request(method=method, route=route, status=status, seconds=seconds)
    logger.log(
        logging.DEBUG if route in FOR_MONITORS else logging.INFO,
        "%s %s %d %.1f ms %s bytes", method, route, status, seconds * 1000,
        "unknown" if n_bytes is None else n_bytes,
        extra={
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "bytes": n_bytes,
        },
    )  # fmt: skip
