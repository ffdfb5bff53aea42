"""How often somebody may come: by network prefix before anything is read, by key once a signature was verified.

Counts lie in Django's cache (Redis where there is one): they are lost with it, and while it is away nobody is limited.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.throttling import BaseThrottle

from measurements.intake.refusals import TooOften

if TYPE_CHECKING:  # the views import this module, by the settings' name for it
    from rest_framework.request import Request
    from rest_framework.views import APIView

logger = logging.getLogger(__name__)

V4_PREFIX, V6_PREFIX = 24, 56
"""What one customer of a network usually holds, and no less: counting single addresses would miss all of IPv6."""


OUTAGE_S = 10.0
"""For how long a cache that gave no answer is not asked again: a request counts several times, and waits once."""


class Outage:
    """Whether the cache is away, as this process has seen it last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until_s = clock()

    def begin(self, error: Exception) -> None:
        """It gave no answer just now."""
        self._until_s = self._clock() + OUTAGE_S
        logger.warning("rates are not counted, the cache is away: %s", error)

    def lasts(self) -> bool:
        """Whether the outage lasts: it is too early to try the cache again."""
        return self._clock() < self._until_s


OUTAGE = Outage()


class Counter(Protocol):
    """What a cache of settings.CACHES must offer beside Django's own interface."""

    def incr_many(self, deltas: Mapping[str, int]) -> list[str]:
        """Add to each name's count; returns the names that have none."""


def consume_quota(scope: str, times: Mapping[str, int]) -> None:
    """Add to the counts of `scope`, by name; lost while the cache is away."""
    if OUTAGE.lasts():
        return
    deltas = {_name(scope, who): number for who, number in times.items()}
    try:
        _count(deltas, settings.RATES[scope][1])
    except (RedisError, OSError) as error:
        OUTAGE.begin(error)


def over_quota(scope: str, times: Mapping[str, int]) -> set[str]:
    """Those whose quota `times` more would exceed; counts nothing."""
    if OUTAGE.lasts():
        return set()
    names = {who: _name(scope, who) for who in times}
    try:
        counts = cache.get_many(names.values())
    except (RedisError, OSError) as error:
        OUTAGE.begin(error)
        return set()
    most = settings.RATES[scope][0]
    return {who for who, number in times.items() if int(counts.get(names[who], 0)) + number > most}


def require_room(scope: str, who: str) -> None:
    """Raises TooOften, which says how long to wait, when one more would exceed the quota; counts nothing."""
    if not over_quota(scope, {who: 1}):
        return
    number, seconds = settings.RATES[scope]
    wait_s = max(1, round(seconds - time.time() % seconds))
    raise TooOften(
        "JM-RATE",
        f"More than {number} requests of kind {scope!r} in {seconds} s; wait {wait_s} s and send it again. "
        "Nothing is lost.",
        wait_s=wait_s,
    )


def _name(scope: str, who: str) -> str:
    return f"rate:{scope}:{who}:{int(time.time() // settings.RATES[scope][1])}"


def _count(deltas: Mapping[str, int], seconds: int) -> None:
    """Add to counts that live for one span; only the first of a span has to make one."""
    missing = cast("Counter", cache).incr_many(deltas) if deltas else []
    for name in missing:  # it is not there: not yet, or a full cache has dropped it
        cache.add(name, 0, timeout=seconds + 1)
    if missing:
        cast("Counter", cache).incr_many({name: deltas[name] for name in missing})


class PrefixThrottle(BaseThrottle):
    """Counts requests of a network prefix; of an address that is not the sender's own it counts none."""

    scope = "prefix"

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request and allow it. Raises TooOften."""
        prefix = prefix_of(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))
        if prefix is not None:
            require_room(self.scope, prefix)
            consume_quota(self.scope, {prefix: 1})
        return True


class ScopedThrottle(PrefixThrottle):
    """Counts requests of a network prefix to views that name a `throttle_scope`, each scope by itself.

    It stands in the settings, so that views of the rooms below this one are counted without knowing of it.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request and allow it. Raises TooOften."""
        scope = getattr(view, "throttle_scope", None)
        if scope is None:
            return True
        self.scope = scope
        return super().allow_request(request, view)


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
        address = ipaddress.ip_address(_without_port(peer))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return None
    length = V4_PREFIX if address.version == 4 else V6_PREFIX
    return str(ipaddress.ip_network((address, length), strict=False))


def _without_port(peer: str) -> str:
    """The address alone, of `203.0.113.5:4711` and `[2001:db8::1]:443` too."""
    if peer.startswith("["):
        return peer[1:].partition("]")[0]
    return peer.partition(":")[0] if peer.count(":") == 1 else peer
