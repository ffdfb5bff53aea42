"""How often somebody may come: by network prefix before anything is read, by key once a signature was verified.

Counts lie in Django's cache (Redis where there is one): they are lost with it, and while it is away nobody is limited.
"""

from __future__ import annotations

import ipaddress
import logging
import time

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from measurements.intake.refusals import TooOften

logger = logging.getLogger(__name__)

V4_PREFIX, V6_PREFIX = 24, 56
"""What one customer of a network usually holds, and no less: counting single addresses would miss all of IPv6."""


def spend(scope: str, who: str, *, times: int = 1) -> None:
    """Count one or `times` more of `scope` for `who`. Raises TooOften, which says how long to wait."""
    number, seconds = settings.RATES[scope]
    now = time.time()
    span = int(now // seconds)
    name = f"rate:{scope}:{who}:{span}"
    try:
        count = _counted(name, times, seconds)
    except (RedisError, OSError) as error:
        logger.warning("rates are not counted, the cache is away: %s", error)
        return
    if count > number:
        wait_s = max(1, round((span + 1) * seconds - now))
        raise TooOften(
            "JM-RATE",
            f"More than {number} requests of kind {scope!r} in {seconds} s; wait {wait_s} s and send it "
            "again. Nothing is lost.",
            wait_s=wait_s,
        )


def _counted(name: str, times: int, seconds: int) -> int:
    """Add to a count that lives for one span; only the first of a span has to make it."""
    try:
        return int(cache.incr(name, times))
    except ValueError:
        cache.add(name, 0, timeout=seconds + 1)
        return int(cache.incr(name, times))


class PrefixThrottle(BaseThrottle):
    """Counts requests of a network prefix; of an address that is not the sender's own it counts none."""

    scope = "prefix"

    def allow_request(self, request: Request, view: APIView) -> bool:
        """True, or TooOften."""
        prefix = prefix_of(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))
        if prefix is not None:
            spend(self.scope, prefix)
        return True


class EnrolmentThrottle(PrefixThrottle):
    """Counts enrolments of a network prefix: keys are free, so a key cannot be what is counted."""

    scope = "enrolment"


def prefix_of(peer: str, forwarded: str) -> str | None:
    """The network that a request comes from: the peer's, or what the outermost of our own proxies has seen.

    settings.PROXIES says how many proxies are ours; what a client itself writes before them is not looked at. None for
    a socket or this machine: a proxy that was not told of, or somebody who could do worse than come often.
    """
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    if settings.PROXIES:
        peer = hops[-settings.PROXIES] if len(hops) >= settings.PROXIES else ""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return None
    if address.is_loopback:
        return None
    length = V4_PREFIX if address.version == 4 else V6_PREFIX
    return str(ipaddress.ip_network((address, length), strict=False))
