"""Browsers in which a moderator has logged in before: a signed cookie, by which no stranger can lock them out.

Wrong passwords of strangers count against a user name; those from a known browser are counted by themselves. Whoever
steals the cookie can try as few passwords as anybody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.utils.crypto import get_random_string

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

COOKIE = "known_browser"
SALT = "joulemark.known-browser"
LIFETIME_S = 180 * 24 * 3600
PATH = "/admin/"


def browser_of(request: HttpRequest, username: str) -> str | None:
    """The random name of the browser, if `username` has logged in with it before; None otherwise."""
    try:
        content = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LIFETIME_S)
    except signing.BadSignature:
        return None
    known_name, browser = content
    return str(browser) if known_name == username else None


def remember_browser(response: HttpResponseBase, request: HttpRequest, user: AbstractBaseUser) -> None:
    """Set the cookie after a login; a browser that is known already keeps its name."""
    username = user.get_username()
    browser = browser_of(request, username) or get_random_string(22)
    response.set_cookie(
        COOKIE,
        signing.dumps((username, browser), salt=SALT),
        max_age=LIFETIME_S,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
