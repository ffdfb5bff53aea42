"""Threads of one process that want the same answer: one computes it, the others wait for a while."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_S = 2.0


class Flights:
    """What is being computed now, by its tag."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._lock = Lock()
        self._landed: dict[str, Event] = {}

    @contextmanager
    def join(self, tag: str) -> Iterator[bool]:
        """Whether this thread is the first to want `tag`; any other has waited for the first, or long enough."""
        with self._lock:
            landed = self._landed.get(tag)
            is_first = landed is None
            if landed is None:
                landed = self._landed[tag] = Event()
        if not is_first:
            landed.wait(self._wait_s)
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                del self._landed[tag]
            landed.set()
