"""When a moderator's session began and was used last, and when it is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

BEGUN, SEEN = "login_begun_s", "login_seen_s"
"""Names in the session: when the moderator logged in and when they last opened a page, in seconds since 1970."""
SEEN_EVERY_S = 60
"""So often, at most, a session is written again because a page was opened."""


def begin_session(request: HttpRequest) -> None:
    """Note when the session began; its limits count from here."""
    request.session[BEGUN] = request.session[SEEN] = int(time.time())


def session_is_over(request: HttpRequest) -> bool:
    """Whether the session has reached one of its limits; otherwise note, now and then, that it was used."""
    now_s = int(time.time())
    begun_s, seen_s = request.session.get(BEGUN), request.session.get(SEEN)
    if begun_s is None or seen_s is None:
        return True
    if now_s - begun_s >= settings.SESSION_COOKIE_AGE or now_s - seen_s >= settings.SESSION_IDLE_S:
        return True
    if now_s - seen_s >= SEEN_EVERY_S:
        request.session[SEEN] = now_s
    return False
