"""The moderators' pages: Django's admin with a second factor and sessions that end."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import logout
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.urls import path
from django.utils.translation import gettext_lazy as _

from joulemark_site.moderators.sessions import session_is_over

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

HIDDEN_APPS = ("django_otp",)
"""Their tables hold secrets of moderators; each sees their own alone, when they set it up."""


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
        is_class: Any = isinstance(model_or_iterable, type)
        models = [model_or_iterable] if is_class else list(model_or_iterable)
        visible = [model for model in models if not model.__module__.startswith(HIDDEN_APPS)]
        super().register(visible, admin_class, **options)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """As the base, and whether there is a page for the second factor."""
        return {**super().each_context(request), "has_second_factor": settings.SECOND_FACTOR != "off"}

    def get_urls(self) -> list[Any]:
        """As the base, and the page for the own second factor."""

        def page(request: HttpRequest) -> HttpResponseBase:
            from joulemark_site.moderators.second_factor_page import second_factor_page

            return second_factor_page(request, self)

        return [path("second-factor/", self.admin_view(page), name="second_factor"), *super().get_urls()]

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this is an active moderator in a session that still counts; one that does not is ended."""
        from joulemark_site.moderators import second_factor

        if not super().has_permission(request):
            return False
        if session_is_over(request):
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
        from joulemark_site.moderators.login_attempts import give_back

        context = {"asks_second_factor": settings.SECOND_FACTOR != "off", **(extra_context or {})}
        response: HttpResponseBase = super().login(request, context)
        give_back(request)
        if request.method == "POST" and response.status_code == 302 and request.user.is_authenticated:
            remember_browser(response, request, request.user)
        return response
