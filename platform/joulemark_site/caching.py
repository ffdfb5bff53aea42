"""What a cache may keep: every answer says it, and a question whether anything has changed is answered by content.

An answer that is shown again must be asked for again (`no-cache`), unless its view says otherwise. The tag of an answer
(ETag) is a digest of its bytes, so that it cannot stay the same while anything that is shown changes: a title, the
state of a result, the version of the software. No answer has a Last-Modified: its second is too long for two changes in
one, and most of what an answer shows has no time of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils.cache import get_conditional_response, set_response_etag

from joulemark_site.errors import refuse
from measurements.web.languages import language_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

ASK_AGAIN = "no-cache"
OF_ONE_READER = "private, no-cache"
"""What gives its reader a cookie is no other reader's."""
NEVER = "no-store"
IMMUTABLE = "immutable"
SAFE = ("GET", "HEAD")
LANGUAGE = "accept-language"


def explicit_caching(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware that gives every answer a Cache-Control, and answers 304 where the same bytes are known already."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = _control(request, response)
        is_stored = request.method in SAFE and response.status_code in (200, 304)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        # data, which have one language (docs/decisions/0047); a refusal is in its reader's
        is_data = is_stored and not (is_page or language_in(request.path_info))
        if is_data or IMMUTABLE in response.headers["Cache-Control"]:
            _take_language_off(response)
        if (
            is_stored
            and response.status_code == 200
            and isinstance(response, HttpResponse)
            and NEVER not in response.headers["Cache-Control"]
        ):
            return _conditional(request, response)
        return response

    return answer


def _take_language_off(response: HttpResponseBase) -> None:
    """A cache would keep one copy of bytes that have no language for each language that is asked for."""
    names = [name.strip() for name in response.headers.get("Vary", "").split(",")]
    left = [name for name in names if name and name.lower() != LANGUAGE]
    for header in ("Vary", "Content-Language"):
        response.headers.pop(header, None)
    if left:
        response.headers["Vary"] = ", ".join(left)


def _control(request: HttpRequest, response: HttpResponseBase) -> str:
    if request.method not in SAFE or response.status_code >= 400:
        return NEVER
    return OF_ONE_READER if response.cookies else ASK_AGAIN


def _conditional(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    if "ETag" not in response.headers:
        set_response_etag(response)
    request.META.pop("HTTP_IF_UNMODIFIED_SINCE", None)  # no answer has a date to compare (RFC 9110, 13.1.4)
    answer = get_conditional_response(request, etag=response.headers["ETag"], response=response) or response
    if answer.status_code != 412:
        return answer
    refusal = refuse(request, 412, "What is here has another ETag than If-Match names; ask without it.")
    refusal.headers["Cache-Control"] = NEVER
    return refusal
