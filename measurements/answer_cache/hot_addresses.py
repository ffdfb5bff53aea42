"""Addresses that have been read several times lately: those whose answers are computed again before a reader asks.

A process counts in its own memory. An address that is read often enough is noted in the cache `answers`, in one of
`SLOTS` slots by its digest, so that there are never more of them. Whoever asks for many addresses once makes none hot.
What the cache loses is noted again by the next readers.
"""

from __future__ import annotations

import time
from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING

import msgspec
from django.core.cache import caches
from redis.exceptions import RedisError

from measurements.concurrency.outage import Outage

if TYPE_CHECKING:
    from collections.abc import Callable

SLOTS = 256
MIN_READS = 3
"""Reads in one window and process that make an address hot."""
WINDOW_S = 300.0
KEEP_S = 600
"""How long an address stays hot after it was noted last."""
MAX_COUNTED = 4096
"""Addresses that a process counts in one window; others are not counted before the next."""


class HotAddress(msgspec.Struct, frozen=True):
    """What a reader has asked for: path with question, language, and accepted formats where they choose the answer.

    `software` is the digest of the software and the settings by which it was answered.
    """

    path: str
    language: str
    accept: str
    software: str


class HotAddresses:
    """Counts reads of one process, and reads what all have noted. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._outage = Outage("hot addresses are not noted, the cache is away", clock)
        self._counts: Counter[str] = Counter()
        self._window_began_s = clock()

    def count_read(self, address: str, hot: HotAddress) -> None:
        """Count a read of the answer at `address`, a digest in hex; note `hot` if that is often enough."""
        if not self._makes_hot(address) or self._outage.lasts():
            return
        try:
            caches["answers"].set(_slot(address), msgspec.msgpack.encode(hot), timeout=KEEP_S)
        except (RedisError, OSError) as error:
            self._outage.begin(error)

    def read_all(self) -> list[HotAddress]:
        """Every hot address; none while the cache is away."""
        if self._outage.lasts():
            return []
        try:
            noted = caches["answers"].get_many([f"hot:{slot}" for slot in range(SLOTS)])
        except (RedisError, OSError) as error:
            self._outage.begin(error)
            return []
        return [hot for data in noted.values() if (hot := _decoded(data)) is not None]

    def forget(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self._counts.clear()

    def _makes_hot(self, address: str) -> bool:
        """Count one more read; whether it is the one by which the address is hot."""
        with self._lock:
            now_s = self._clock()
            if now_s - self._window_began_s >= WINDOW_S:
                self._counts.clear()
                self._window_began_s = now_s
            if address not in self._counts and len(self._counts) >= MAX_COUNTED:
                return False
            self._counts[address] += 1
            return self._counts[address] == MIN_READS


HOT = HotAddresses()


def _slot(address: str) -> str:
    return f"hot:{int(address[:12], 16) % SLOTS}"


def _decoded(data: object) -> HotAddress | None:
    """None for what another version of the software has written."""
    try:
        return msgspec.msgpack.decode(data, type=HotAddress) if isinstance(data, bytes) else None
    except msgspec.DecodeError:
        return None
