"""Requests that no view can do anything with are refused at one place, before a database or a header meets them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from joulemark_site.errors import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

MAX_ADDRESS_BYTES = 4094
"""Bytes of path and question together: what the web server takes as a request line."""
UNREADABLE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Control characters. A tab or a line break may stand in a question, and nowhere else."""
UNREADABLE_TEXT = re.compile("[\x00-\x1f\x7f]")


def readable_requests(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: 400 for control characters in an address, a question or a cookie, 414 for what is too long."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        query = request.META.get("QUERY_STRING", "")
        if len(request.path.encode(errors="surrogateescape")) + len(query) > MAX_ADDRESS_BYTES:
            return refuse(
                request, 414, f"The address is longer than {MAX_ADDRESS_BYTES} bytes; ask for less at once."
            )
        if UNREADABLE_TEXT.search(request.path) or _holds_surrogates(request.path):
            return refuse(request, 400, "The address holds a character that cannot be read; leave it out.")
        if UNREADABLE.search(unquote_to_bytes(query.replace("+", " "))):
            return refuse(request, 400, "The question holds a control character; leave it out.")
        if any(UNREADABLE_TEXT.search(value) for value in request.COOKIES.values()):
            return refuse(
                request, 400, "A cookie holds a control character; delete the cookies of this site."
            )
        return get_response(request)

    return answer


def _holds_surrogates(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)
