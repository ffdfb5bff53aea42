"""The moderators' pages: Django's admin with a second factor and sessions that end."""

from __future__ import annotations

import time
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import logout
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

BEGUN, SEEN = "login_begun_s", "login_seen_s"
"""Names in the session: when the moderator logged in and when they last opened a page, in seconds since 1970."""
SEEN_EVERY_S = 60
"""So often, at most, a session is written again because a page was opened."""
HIDDEN_APPS = ("django_otp",)
"""Their tables hold secrets of moderators; `manage.py second_factor` is the way to them."""


class LoginForm(AdminAuthenticationForm):
    """Name, password and, where one is needed, a second factor. An error does not tell which of them was wrong."""

    second_factor = forms.CharField(
        label=_("Code of the second factor"),
        required=False,
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )

    def confirm_login_allowed(self, user: User) -> None:
        """Check the second factor once the password is right; a wrong one counts like a wrong password.

        Raises ValidationError.
        """
        from joulemark_site.moderators import second_factor

        super().confirm_login_allowed(user)
        if not second_factor.is_needed(user):
            return
        if not second_factor.is_set_up(user):
            raise ValidationError(
                _(
                    "JM-SECOND-FACTOR: this platform asks for a second factor, and you have none yet. Ask the operator "
                    "to set it up with you: manage.py second_factor set-up."
                ),
                code="no_second_factor",
            )
        device = second_factor.matching_device(user, self.cleaned_data.get("second_factor") or "")
        if device is None:
            user_login_failed.send(
                sender=__name__, credentials={"username": user.get_username()}, request=self.request
            )
            raise ValidationError(
                _(
                    "Name, password or code is wrong. Whoever has set up a second factor needs a new code of it each "
                    "time."
                ),
                code="invalid_login",
            )
        cast("Any", user).otp_device = device  # django-otp writes it into the session

    def get_invalid_login_error(self) -> ValidationError:
        """The same words as for a wrong code."""
        return ValidationError(
            _(
                "Name, password or code is wrong. Whoever has set up a second factor needs a new code of it each time."
            ),
            code="invalid_login",
        )


class ModeratorsSite(admin.AdminSite):
    """The admin; a session that is too old, idle for too long or without its second factor is none."""

    login_form = LoginForm
    login_template = "admin/joulemark_login.html"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As the base, but for tables that hold secrets."""
        is_one: Any = isinstance(model_or_iterable, type)
        models = [model_or_iterable] if is_one else list(model_or_iterable)
        shown = [model for model in models if not model.__module__.startswith(HIDDEN_APPS)]
        super().register(shown, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this is an active moderator in a session that still counts; one that does not is ended."""
        from joulemark_site.moderators import second_factor

        if not super().has_permission(request):
            return False
        if _is_over(request):
            logout(request)
            return False
        return second_factor.is_verified(request) or not second_factor.is_needed(cast("User", request.user))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - the base's own arguments
        """As the base; what changes something, or tries to, is written to the log."""
        answer = super().admin_view(view, cacheable)

        @wraps(answer)
        def logged(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
            from joulemark_site.moderators.log_lines import log_action

            response: HttpResponseBase = answer(request, *args, **options)
            if request.method not in ("GET", "HEAD") and request.user.is_authenticated:
                log_action(request, response.status_code)
            return response

        return logged

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """As the base; a browser in which somebody has logged in is known from then on."""
        from joulemark_site.moderators.known_browsers import remember_browser

        context = {"asks_second_factor": settings.SECOND_FACTOR != "off", **(extra_context or {})}
        response: HttpResponseBase = super().login(request, context)
        if request.method == "POST" and response.status_code == 302 and request.user.is_authenticated:
            remember_browser(response, request, request.user)
        return response


def begin_session(request: HttpRequest) -> None:
    """Note when the session began; its limits count from here."""
    request.session[BEGUN] = request.session[SEEN] = int(time.time())


def _is_over(request: HttpRequest) -> bool:
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
