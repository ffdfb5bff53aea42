"""Time for whoever measures: the clock of a run, waiting, and work that goes on beside it. Tests bring their own."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


class Timer(Protocol):
    """The clock of one run, and what depends on it."""

    def now(self) -> int:
        """Microseconds since the start of the run, never falling."""

    def wait(self, seconds: float) -> None:
        """Do nothing for `seconds`."""

    def background(self, period_s: float, work: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `work` every `period_s` while the block is entered; it must not raise: nobody would see it."""


class RealTimer:
    """The machine's monotonic clock; work beside the run is a thread."""

    def __init__(self) -> None:
        self._start_ns = time.monotonic_ns()

    def now(self) -> int:
        """Microseconds since this timer was made."""
        return (time.monotonic_ns() - self._start_ns) // 1000

    def wait(self, seconds: float) -> None:
        """Sleep; signals such as Ctrl-C end it by their exception."""
        if seconds > 0:
            time.sleep(seconds)

    @contextmanager
    def background(self, period_s: float, work: Callable[[], None]) -> Iterator[None]:
        """A thread; it is joined at the end of the block."""
        ended = threading.Event()

        def go() -> None:
            while not ended.wait(period_s):
                work()

        thread = threading.Thread(target=go, name="joulemark-sampler", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
