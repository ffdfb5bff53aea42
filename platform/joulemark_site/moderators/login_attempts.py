"""How many wrong passwords the login takes, counted by django-axes in the database, for all processes together.

Three limits, each within a cool-off: a user name from one network, a network with any user names, and a user name from
anywhere. The last one would let strangers lock a moderator out, so it does not apply to browsers in which the moderator
has logged in before (`known_browsers`), and neither do counts of a network that strangers share with them.

An attempt is counted before its password is looked at, under locks of its name and network, and given back when it was
no failure: attempts that arrive at once pass no limit together, and none waits while another's password is hashed.

Rows hold neither addresses nor user names, only keyed digests: people type passwords into the wrong field. They go with
the first attempt after their cool-off.
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac

from joulemark_site.moderators.known_browsers import browser_of
from measurements.concurrency.advisory_locks import key_of, lock_until_commit
from measurements.intake.rates import prefix_of

if TYPE_CHECKING:
    from django.http import HttpRequest

CODE = "JM-LOGIN-LOCKED"
NAME_AND_NETWORK_LIMIT = 5
NETWORK_LIMIT = 20
NAME_LIMIT = 30
"""From all networks together."""
COOL_OFF = timedelta(minutes=15)
SALT = "joulemark.login-attempts"
UNIQUE_LOCAL = b"\xfd"
"""The first byte of an IPv6 address that nobody routes (RFC 4193): digests of networks are stored as such."""


class LoginAttempts(AxesDatabaseHandler):  # type: ignore[misc]  # the library ships no types
    """For settings.AXES_HANDLER: three limits instead of one, and rows without a trace of the client."""

    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Whether no limit is reached; if so, the attempt is counted."""
        with transaction.atomic():
            lock_until_commit(
                key_of(f"login attempts of {counted}")
                for counted in (name_key(request, credentials), network_key(request))
            )
            self.clean_expired_user_attempts(request, credentials)
            if is_locked(request, credentials):
                return False
            _count(request, credentials)
            request.login_was_last = is_locked(request, credentials)  # type: ignore[attr-defined]
        return True

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """AXES_FAILURE_LIMIT where one of the limits is reached, else 0."""
        return settings.AXES_FAILURE_LIMIT if is_locked(request, credentials) else 0

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **rest: Any
    ) -> None:
        """The attempt stays counted; the one that reaches a limit is answered like those after it."""
        if request is None:
            return
        was_last = getattr(request, "login_was_last", False)
        _forget_counting(request)
        if was_last or request.axes_locked_out:  # type: ignore[attr-defined]
            request.axes_locked_out = True  # type: ignore[attr-defined]
            request.axes_credentials = credentials  # type: ignore[attr-defined]
            user_locked_out.send("axes", request=request, username=None, ip_address=None)

    def user_logged_in(self, sender: object, request: HttpRequest, user: Any, **rest: Any) -> None:
        """As the base, which forgets all attempts for this name from this network, the counted one among them."""
        super().user_logged_in(sender, request, user, **rest)
        _forget_counting(request)


def give_back(request: HttpRequest) -> None:
    """Uncount the request's attempt if it has not failed: the password was right, though it led nowhere."""
    attempt = getattr(request, "login_counted", None)
    if attempt is not None:
        counted = AccessAttempt.objects.filter(**attempt, failures_since_start__gt=0)
        counted.update(failures_since_start=F("failures_since_start") - 1)
        _forget_counting(request)


def _count(request: HttpRequest, credentials: dict[str, Any] | None) -> None:
    attempt = {
        "username": name_key(request, credentials),
        "ip_address": network_key(request),
        "user_agent": "",
    }
    row, _ = AccessAttempt.objects.get_or_create(**attempt, defaults={"failures_since_start": 0})
    AccessAttempt.objects.filter(pk=row.pk).update(
        failures_since_start=F("failures_since_start") + 1, attempt_time=timezone.now()
    )
    request.login_counted = attempt  # type: ignore[attr-defined]


def _forget_counting(request: HttpRequest) -> None:
    request.login_counted = None  # type: ignore[attr-defined]


def is_locked(request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
    """Whether one of the three limits is reached for this user name, network and browser."""
    name, network = name_key(request, credentials), network_key(request)
    recent = AccessAttempt.objects.filter(attempt_time__gte=timezone.now() - COOL_OFF)
    if _failures(recent.filter(username=name, ip_address=network)) >= NAME_AND_NETWORK_LIMIT:
        return True
    if _failures(recent.filter(username=name)) >= NAME_LIMIT:
        return True
    if _browser(request, credentials) is not None:
        return False
    return _failures(recent.filter(ip_address=network)) >= NETWORK_LIMIT


def _failures(attempts: Any) -> int:
    return attempts.aggregate(failures=Sum("failures_since_start"))["failures"] or 0


def name_key(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """For settings.AXES_USERNAME_CALLABLE: a digest of the user name; in a known browser, of both."""
    name = _username(request, credentials)
    return salted_hmac(
        SALT, f"{name}\0{_browser(request, credentials) or ''}", algorithm="sha256"
    ).hexdigest()


def network_key(request: HttpRequest) -> str:
    """For settings.AXES_CLIENT_IP_CALLABLE: a digest of the client's network, in the form of an IPv6 address."""
    peer, forwarded = request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")
    digest = salted_hmac(SALT, prefix_of(peer, forwarded) or "", algorithm="sha256").digest()
    return str(ipaddress.IPv6Address(UNIQUE_LOCAL + digest[:15]))


def unlock(username: str) -> int:
    """Forget the wrong passwords for a user name, from browsers that nobody has logged in with; their number."""
    name = salted_hmac(SALT, f"{username}\0", algorithm="sha256").hexdigest()
    attempts = AccessAttempt.objects.filter(username=name)
    failures = _failures(attempts)
    attempts.delete()
    return failures


def locked_page(
    request: HttpRequest, _response: HttpResponse | None = None, _credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """For settings.AXES_LOCKOUT_CALLABLE: 429 with a code, and when to come again."""
    minutes = int(COOL_OFF.total_seconds() // 60)
    page = render(request, "login_locked.html", {"code": CODE, "minutes": minutes}, status=429)
    page["Retry-After"] = str(minutes * 60)
    return page


def client_words(*_client: object) -> str:
    """For settings.AXES_CLIENT_STR_CALLABLE: nothing of the client; our own lines say what is to be said."""
    return "a client"


def _username(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    return str((credentials or request.POST).get("username") or "")


def _browser(request: HttpRequest, credentials: dict[str, Any] | None) -> str | None:
    return browser_of(request, _username(request, credentials))
