"""Headers: a browser runs and shows nothing that does not come from this platform, and opens none of its sensors."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

HEADER = "Content-Security-Policy"
PERMISSIONS = "Permissions-Policy"
STRICT = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "style-src": "'self'",
    "script-src": "'self'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}


EMBEDDED = re.compile(r"/[a-z]{2}/embed/", re.ASCII)
"""Pages that others may frame. They have no form, and show what everybody may see."""
FRAMED_BY_OTHERS = STRICT | {"frame-ancestors": "*"}


def policy(directives: dict[str, str]) -> str:
    """The value of the Content-Security-Policy header."""
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Middleware that puts both policies on every answer that has none yet."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if EMBEDDED.match(request.path_info) and response.status_code == HTTPStatus.OK:
            response.headers[HEADER] = policy(FRAMED_BY_OTHERS)
            response.headers.pop("X-Frame-Options", None)
        response.headers.setdefault(HEADER, policy(STRICT))
        if settings.PERMISSIONS_POLICY:
            response.headers.setdefault(PERMISSIONS, settings.PERMISSIONS_POLICY)
        return response

    return answer
