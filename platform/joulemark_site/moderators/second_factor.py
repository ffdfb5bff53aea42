"""The second factor of moderators: six digits of an app (TOTP, RFC 6238), or a recovery code, by django-otp.

settings.SECOND_FACTOR decides who needs one: nobody, those who have set one up, or everybody. Moderators set it up
and remove it on a page of their own (`second_factor_page`), the operator by `manage.py second_factor`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

OFF, OPTIONAL, REQUIRED = POLICIES = ("off", "optional", "required")
RECOVERY_CODES = 8
APP, RECOVERY = "app", "recovery codes"


def is_set_up(user: User) -> bool:
    """Whether the user has confirmed an app."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def is_needed(user: User) -> bool:
    """Whether this user comes in with a second factor alone."""
    if settings.SECOND_FACTOR == OFF:
        return False
    return settings.SECOND_FACTOR == REQUIRED or is_set_up(user)


def is_verified(request: HttpRequest) -> bool:
    """Whether the session was begun with a second factor that still exists."""
    return getattr(request.user, "otp_device", None) is not None


def matching_device(user: User, code: str) -> Any:
    """The app or the recovery codes that `code` is of, or None. Each code works once; wrong ones slow the next down."""
    code = code.replace(" ", "").lower()
    kind: Any = TOTPDevice if code.isascii() and code.isdigit() else StaticDevice
    with transaction.atomic():  # so that two requests with one code are answered one after the other
        device = kind.objects.select_for_update().filter(user=user, confirmed=True).first()
        return device if device is not None and device.verify_token(code) else None


def begin_setup(user: User) -> TOTPDevice:
    """A new app that `confirm_setup` must confirm; an earlier unconfirmed one is forgotten."""
    TOTPDevice.objects.filter(user=user, confirmed=False).delete()
    return TOTPDevice.objects.create(user=user, name=APP, confirmed=False)


@transaction.atomic
def confirm_setup(device: TOTPDevice, code: str) -> list[str] | None:
    """Confirm the app by a code of it, in place of all that the user had before; new recovery codes.

    None where the code is wrong; nothing has changed then.
    """
    if not device.verify_token(code.replace(" ", "")):
        return None
    TOTPDevice.objects.filter(user=device.user).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    return renew_recovery_codes(device.user)


@transaction.atomic
def renew_recovery_codes(user: User) -> list[str]:
    """New recovery codes; the old ones end."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=RECOVERY, confirmed=True)
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


@transaction.atomic
def remove(user: User) -> bool:
    """Remove app and recovery codes, for somebody who has lost both; whether there was an app."""
    was_set_up = is_set_up(user)
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    return was_set_up
