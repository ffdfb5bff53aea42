"""How often somebody may come: by network prefix before anything is read, by key once a signature was verified.

In no stretch of a span's length comes anybody more often than the rate says: what counts is the part of a span that is
under way and all parts that the span behind us reaches into (docs/decisions/0056). Counts lie in Django's cache (Redis
where there is one): they are lost with it, and while it is away nobody is limited.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.throttling import BaseThrottle

from measurements.concurrency.outage import Outage
from measurements.intake.refusals import TooOften
from measurements.web.client_address import client_address

if TYPE_CHECKING:  # the views import this module, by the settings' name for it
    from rest_framework.request import Request
    from rest_framework.views import APIView

V4_PREFIX, V6_PREFIX = 24, 56
"""What one customer of a network usually holds, and no less: counting single addresses would miss all of IPv6."""

PARTS = 12
"""Of a span, each counted by itself: whoever comes evenly gets 12/13 of the rate."""

QUOTA = "quota"
"""Under this name a request has what its network has left, for the headers of its answer."""

OUTAGE = Outage("rates are not counted, the cache is away")


class Counter(Protocol):
    """What a cache of settings.CACHES must offer beside Django's own interface."""

    def incr_many(self, deltas: Mapping[str, int]) -> list[str]:
        """Add to each name's count; returns the names that have none."""


def consume_quota(scope: str, times: Mapping[str, int]) -> None:
    """Add to the counts of `scope`, by name; lost while the cache is away."""
    if OUTAGE.lasts():
        return
    part = _part(scope, time.time())
    deltas = {_name(scope, who, part): number for who, number in times.items()}
    try:
        _count(deltas, settings.RATES[scope][1])
    except (RedisError, OSError) as error:
        OUTAGE.begin(error)


def over_quota(scope: str, times: Mapping[str, int]) -> set[str]:
    """Those whose quota `times` more would exceed; counts nothing."""
    counts = _counts(scope, times, _part(scope, time.time()))
    if counts is None:
        return set()
    most = settings.RATES[scope][0]
    return {who for who, number in times.items() if sum(counts[who]) + number > most}


@dataclass(frozen=True, kw_only=True)
class Quota:
    """How often somebody may come: `number` times in `seconds`, `left` of them now, and more of them in `wait_s`."""

    scope: str
    number: int
    seconds: int
    left: int
    wait_s: int

    def require_room(self) -> None:
        """Raises TooOften, which says how long to wait, when nothing is left."""
        if not self.left:
            raise TooOften(
                "JM-RATE",
                f"More than {self.number} requests of kind {self.scope!r} in {self.seconds} s; wait {self.wait_s} s "
                "and send it again. Nothing is lost.",
                wait_s=self.wait_s,
            )

    def after_one(self) -> Quota:
        """What there is once the request that asks is counted."""
        return replace(self, left=max(0, self.left - 1))


def quota_of(scope: str, who: str) -> Quota | None:
    """What somebody has left; None while the cache is away. Counts nothing."""
    number, seconds = settings.RATES[scope]
    now_s = time.time()
    counts = _counts(scope, [who], _part(scope, now_s))
    if counts is None:
        return None
    left = max(0, number - sum(counts[who]))
    part_s = seconds / PARTS
    wait_s = part_s - now_s % part_s if left else _wait_s(counts[who], number, seconds, now_s)
    return Quota(scope=scope, number=number, seconds=seconds, left=left, wait_s=max(1, ceil(wait_s)))


def require_room(scope: str, who: str) -> None:
    """Raises TooOften, which says how long to wait, when one more would exceed the quota; counts nothing."""
    quota = quota_of(scope, who)
    if quota is not None:
        quota.require_room()


def _wait_s(counts: Sequence[int], number: int, seconds: int, now_s: float) -> float:
    """Seconds until one more is not too many: so many of the oldest parts count no longer."""
    part_s = seconds / PARTS
    left = sum(counts)
    for age in range(PARTS, 0, -1):
        left -= counts[age]
        if left < number:
            return (PARTS + 1 - age) * part_s - now_s % part_s
    return (PARTS + 1) * part_s - now_s % part_s


def _counts(scope: str, whos: Iterable[str], part: int) -> dict[str, list[int]] | None:
    """What each has used up, by parts of a span, the one under way first; None while the cache is away."""
    if OUTAGE.lasts():
        return None
    names = {who: [_name(scope, who, part - age) for age in range(PARTS + 1)] for who in whos}
    try:
        counts = cache.get_many([name for of_who in names.values() for name in of_who])
    except (RedisError, OSError) as error:
        OUTAGE.begin(error)
        return None
    return {who: [int(counts.get(name, 0)) for name in of_who] for who, of_who in names.items()}


def _part(scope: str, now_s: float) -> int:
    """The number of the part of a span that is under way."""
    return int(now_s // (settings.RATES[scope][1] / PARTS))


def _name(scope: str, who: str, part: int) -> str:
    return f"rate:{scope}:{who}:{part}"


def _count(deltas: Mapping[str, int], seconds: int) -> None:
    """Add to counts that live as long as they count; only the first of a part has to make one."""
    missing = cast("Counter", cache).incr_many(deltas) if deltas else []
    for name in missing:  # it is not there: not yet, or a full cache has dropped it
        cache.add(name, 0, timeout=seconds + seconds // PARTS + 2)
    if missing:
        cast("Counter", cache).incr_many({name: deltas[name] for name in missing})


class PrefixThrottle(BaseThrottle):
    """Counts requests of a network prefix; of an address that is not the sender's own it counts none."""

    scope = "prefix"

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request and allow it; `request.quota` is what is left after it. Raises TooOften."""
        prefix = prefix_of(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))
        quota = None if prefix is None else quota_of(self.scope, prefix)
        if prefix is not None and quota is not None:
            setattr(request._request, QUOTA, quota.after_one())
            quota.require_room()
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
    address = client_address(peer, forwarded, proxies=settings.PROXIES)
    if address is None or address.is_loopback:
        return None
    length = V4_PREFIX if address.version == 4 else V6_PREFIX
    return str(ipaddress.ip_network((address, length), strict=False))
