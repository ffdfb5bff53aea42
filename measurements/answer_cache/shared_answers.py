"""Answers that processes share, in Django's cache `answers`, and which of them computes one that is not there.

An address has a slot by its digest, and the last answer with that slot is kept: whatever is asked, there are never more
bytes than all slots take. A quarter of them is in a few slots for large answers, which whole boards are; then the usual
slot has the tag alone. A cache that is away is as if there were none.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import caches
from redis.exceptions import RedisError

from measurements.answer_cache.stored_answer import decode, encode
from measurements.concurrency.outage import Outage

if TYPE_CHECKING:
    from collections.abc import Callable

    from measurements.answer_cache.stored_answer import StoredAnswer

MAX_ANSWER_BYTES = 256 * 1024
"""Of a compressed answer in a usual slot."""
MAX_LARGE_BYTES = 2 * 1024 * 1024
"""Of one in a slot for large answers; a larger one stays in the memory of its process."""
LARGE_SHARE = 4
"""One of so many bytes is for large answers."""
ELSEWHERE = b"large "
"""Begins what a usual slot has of an answer that lies in the other: its tag follows. No encoded answer begins so."""
KEEP_S = 24 * 3600
LEAD_S = 20
"""For how long a process that computes an answer is waited for at most, should it be lost."""
WAIT_S = 2.0
POLL_S = 0.02


class SharedAnswers:
    """The slots, and the leads: whoever has an answer's lead computes it, and others wait for it for a while."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._outage = Outage("answers are not shared, the cache is away", clock)
        self._clock = clock
        self._pause = pause

    def find(self, address: str, tag: str) -> StoredAnswer | None:
        """The answer at an address, None where there is none with this tag."""
        if self._outage.lasts():
            return None
        try:
            data = caches["answers"].get(_slot(address))
            if data == ELSEWHERE + tag.encode():
                data = caches["answers"].get(_large_slot(address))
        except (RedisError, OSError) as error:
            self._outage.begin(error)
            return None
        answer = decode(data) if isinstance(data, bytes) else None
        return answer if answer is not None and answer.tag == tag else None

    def keep(self, address: str, answer: StoredAnswer) -> None:
        """Keep an answer in its slot."""
        if self._outage.lasts() or not is_shareable(answer):
            return
        try:
            data = encode(answer)
            if answer.n_bytes > MAX_ANSWER_BYTES:
                caches["answers"].set(_large_slot(address), data, timeout=KEEP_S)
                data = ELSEWHERE + answer.tag.encode()
            caches["answers"].set(_slot(address), data, timeout=KEEP_S)
        except (RedisError, OSError) as error:
            self._outage.begin(error)

    def take_lead(self, tag: str) -> bool:
        """Whether this process is to compute the answer: nobody else does, or nobody could tell."""
        if self._outage.lasts():
            return True
        try:
            return bool(caches["answers"].add(_lead(tag), 1, timeout=LEAD_S))
        except (RedisError, OSError) as error:
            self._outage.begin(error)
            return True

    def end_lead(self, tag: str) -> None:
        """Let the others go on, who compute by themselves what is not there now."""
        if self._outage.lasts():
            return
        try:
            caches["answers"].delete(_lead(tag))
        except (RedisError, OSError) as error:
            self._outage.begin(error)

    def await_answer(self, address: str, tag: str) -> StoredAnswer | None:
        """The answer that another process computes; None where it has ended without one, or takes too long."""
        until_s = self._clock() + WAIT_S
        while self._clock() < until_s and not self._outage.lasts():
            is_led = self._is_led(tag)  # asked first: an answer is kept before its lead ends
            answer = self.find(address, tag)
            if answer is not None or not is_led:
                return answer
            self._pause(POLL_S)
        return None

    def _is_led(self, tag: str) -> bool:
        try:
            return caches["answers"].get(_lead(tag)) is not None
        except (RedisError, OSError) as error:
            self._outage.begin(error)
            return False


def is_shareable(answer: StoredAnswer) -> bool:
    """Whether an answer is small enough for a slot that there is."""
    limit = MAX_LARGE_BYTES if _n_large_slots() else MAX_ANSWER_BYTES
    return answer.n_bytes <= min(limit, settings.ANSWER_CACHE_BYTES)


def _n_large_slots() -> int:
    return int(settings.ANSWER_CACHE_BYTES) // LARGE_SHARE // MAX_LARGE_BYTES


def _slot(address: str) -> str:
    left = settings.ANSWER_CACHE_BYTES - _n_large_slots() * MAX_LARGE_BYTES
    return f"slot:{int(address[:12], 16) % max(1, left // MAX_ANSWER_BYTES)}"


def _large_slot(address: str) -> str:
    return f"large-slot:{int(address[:12], 16) % max(1, _n_large_slots())}"


def _lead(tag: str) -> str:
    return f"lead:{tag}"
