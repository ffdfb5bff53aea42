"""The page on which a moderator sets up, renews and removes their own second factor.

Whoever changes it proves again who they are: by the password to set an app up, and by a code where there is one. So a
session that somebody took over can neither lock its owner out nor learn a key. The key is on the page that answers the
password alone; recovery codes are on the page that made them alone.
"""

from __future__ import annotations

import logging
from base64 import b32encode
from typing import TYPE_CHECKING, Any, cast

import segno
from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import login as note_device
from django_otp.plugins.otp_totp.models import TOTPDevice

from joulemark_site.moderators import second_factor
from joulemark_site.moderators.login_attempts import give_back

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.http import HttpRequest

logger = logging.getLogger(__name__)

BEGIN, CONFIRM, RENEW, REMOVE = ACTIONS = ("begin", "confirm", "renew", "remove")
TEMPLATE = "admin/second_factor.html"
MODULE_PIXELS = 5
"""The side of one square of the QR code."""


class ProofForm(forms.Form):
    """What a moderator enters: `password` to begin, `code` wherever one is asked for."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=_("Code of the second factor"),
        required=False,
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )


@sensitive_post_parameters("password", "code")
def second_factor_page(request: HttpRequest, site: AdminSite) -> TemplateResponse:
    """Show what there is, or do what the form's button says. Raises Http404 where the platform asks for none."""
    if settings.SECOND_FACTOR == second_factor.OFF:
        raise Http404
    user = cast("User", request.user)
    form = ProofForm(request.POST if request.method == "POST" else None)
    outcome: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        action = {BEGIN: _begin, CONFIRM: _confirm, RENEW: _renew, REMOVE: _remove}.get(
            request.POST.get("action", "")
        )
        outcome = action(request, user, form) if action else {}
    context = {
        **site.each_context(request),
        "title": _("Second factor"),
        "form": form,
        "is_set_up": second_factor.is_set_up(user),
        "is_required": settings.SECOND_FACTOR == second_factor.REQUIRED,
        **outcome,
    }
    return TemplateResponse(request, TEMPLATE, context)


def _begin(request: HttpRequest, user: User, form: ProofForm) -> dict[str, Any]:
    """The key of a new app. A wrong password is counted and answered as at the login."""
    authenticated = authenticate(
        request, username=user.get_username(), password=form.cleaned_data["password"]
    )
    if authenticated is None:
        form.add_error("password", _("The password is wrong."))
        return {}
    give_back(request)
    if second_factor.is_set_up(user) and not _has_code(user, form):
        return {}
    device = second_factor.begin_setup(user)
    return {
        "is_begun": True,
        "key": _in_groups(b32encode(device.bin_key).decode()),
        "picture": _picture(device),
    }


def _confirm(request: HttpRequest, user: User, form: ProofForm) -> dict[str, Any]:
    """Recovery codes, once the app has proved that it knows the key; the session then has its second factor."""
    device = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    if device is None:
        form.add_error("code", _("There is nothing to confirm; begin again."))
        return {}
    codes = second_factor.confirm_setup(device, form.cleaned_data["code"])
    if codes is None:
        form.add_error(
            "code",
            _("The code is wrong; enter the next one. If none is right, compare the clocks of both devices."),
        )
        return {"is_begun": True}
    note_device(request, device)
    _write(user, "set up")
    return {"recovery_codes": codes}


def _renew(_request: HttpRequest, user: User, form: ProofForm) -> dict[str, Any]:
    if not _has_code(user, form):
        return {}
    _write(user, "given new recovery codes")
    return {"recovery_codes": second_factor.renew_recovery_codes(user)}


def _remove(_request: HttpRequest, user: User, form: ProofForm) -> dict[str, Any]:
    if settings.SECOND_FACTOR == second_factor.REQUIRED:
        form.add_error(
            None, _("This platform asks for a second factor, so it can be replaced and not removed.")
        )
    elif _has_code(user, form):
        second_factor.remove(user)
        _write(user, "removed")
    return {}


def _has_code(user: User, form: ProofForm) -> bool:
    """Whether the form has a code of the app, or a recovery code, which is used up by it."""
    if second_factor.matching_device(user, form.cleaned_data["code"]) is not None:
        return True
    form.add_error("code", _("The code is wrong, or was used before. Enter the next one."))
    return False


def _write(user: User, what: str) -> None:
    logger.info("JM-SECOND-FACTOR-CHANGED the second factor of %s was %s", user.get_username(), what)


def _in_groups(key: str) -> str:
    """A key in groups of four letters, for who types it."""
    return " ".join(key[place : place + 4] for place in range(0, len(key), 4))


def _picture(device: TOTPDevice) -> str:
    """The app's address as a QR code, an SVG element with a width; dark on white whatever the page's colours."""
    code = segno.make_qr(device.config_url, error="m")
    return mark_safe(code.svg_inline(scale=MODULE_PIXELS, dark="black", light="white"))  # noqa: S308 - made of squares
