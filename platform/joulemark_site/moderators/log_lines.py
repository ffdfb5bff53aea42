"""Lines about moderators: who came in, who failed to, and what they did. Never an address or a password.

A name that nobody has is not written either: it may be a password in the wrong field.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from axes.signals import user_locked_out
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from joulemark_site.moderators.login_attempts import CODE
from joulemark_site.moderators.sessions import begin_session

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest

logger = logging.getLogger(__name__)

MAX_LISTED = 20
"""Of the rows that an action is about."""


def connect() -> None:
    """Write a line whenever somebody comes in, leaves, or fails to come in."""
    user_logged_in.connect(_logged_in, dispatch_uid="joulemark-logged-in")
    user_logged_out.connect(_logged_out, dispatch_uid="joulemark-logged-out")
    user_login_failed.connect(_failed, dispatch_uid="joulemark-login-failed")
    user_locked_out.connect(_locked_out, dispatch_uid="joulemark-locked-out")


def _logged_in(request: HttpRequest, user: AbstractBaseUser, **_signal: Any) -> None:
    if hasattr(request, "session"):
        begin_session(request)
    logger.info("JM-LOGIN %s logged in", user.get_username())


def _logged_out(user: AbstractBaseUser | None, **_signal: Any) -> None:
    if user is not None:
        logger.info("JM-LOGOUT %s logged out", user.get_username())


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_signal: Any) -> None:
    if not getattr(request, "axes_locked_out", False):
        logger.warning(
            "JM-LOGIN-FAILED wrong password or code for %s", _name_of_somebody(credentials.get("username"))
        )


def _locked_out(request: HttpRequest, **_signal: Any) -> None:
    name = _name_of_somebody((getattr(request, "axes_credentials", None) or request.POST).get("username"))
    logger.warning("%s too many wrong passwords for %s or from their network", CODE, name)


def log_action(request: HttpRequest, status: int) -> None:
    """A line for each request by which a moderator changes something, or tries to."""
    action = request.POST.get("action", "")
    chosen = request.POST.getlist("_selected_action")
    logger.info(
        "JM-ADMIN %s sent %s%s: %d",
        request.user.get_username(),
        request.path,
        f" ({action} of {', '.join(map(ascii, chosen[:MAX_LISTED]))})" if action.isidentifier() else "",
        status,
    )


def _name_of_somebody(name: object) -> str:
    """The name in quotes, if somebody has it."""
    users = get_user_model()._default_manager
    if isinstance(name, str) and users.filter(username=name[:150]).exists():
        return repr(name)
    return "a name that nobody has"
