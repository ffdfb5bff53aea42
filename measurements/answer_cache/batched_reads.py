"""One read of the versions for all requests that were here before it began: each sees what was committed by then."""

from __future__ import annotations

from threading import Event, Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")
WAIT_S = 2.0
"""For the read of another thread; then a thread does without."""


class _Batch(Generic[Value]):
    """Threads that share one read, which has not begun yet or is under way."""

    __slots__ = ("ended", "value")

    def __init__(self) -> None:
        self.ended = Event()
        self.value: Value | None = None


class BatchedReads(Generic[Value]):
    """Reads of one process: while one is under way, all threads that come wait for the next, which one of them does."""

    def __init__(self, read: Callable[[], Value | None]) -> None:
        self._read = read
        self._lock = Lock()
        self._running: _Batch[Value] | None = None
        self._next: _Batch[Value] | None = None

    def read(self) -> Value | None:
        """What a read returned that began after this call; None where another thread's failed or takes too long.

        Raises what the read raises, in the thread that did it.
        """
        with self._lock:
            batch, running = self._next, self._running
            reads = batch is None
            if batch is None:
                batch = self._next = _Batch[Value]()
        if not reads:
            batch.ended.wait(WAIT_S)
            return batch.value
        if running is not None:
            running.ended.wait(WAIT_S)
        with self._lock:
            self._running, self._next = batch, None
        try:
            batch.value = self._read()
        finally:
            batch.ended.set()
        return batch.value
