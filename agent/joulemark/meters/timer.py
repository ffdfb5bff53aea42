"""Time for whoever measures: the clock of a run, waiting, and work that goes on beside it. Tests bring their own."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


def boot_ns() -> int:
    """Nanoseconds since the machine was started, those included in which it slept; no calendar is asked.

    Where a system has no such clock it is the monotonic one, which stands still while the machine sleeps.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if clock is None else time.clock_gettime_ns(clock)


class Timer(Protocol):
    """The clock of one run, and what depends on it."""

    def now(self) -> int:
        """Microseconds since the start of the run, never falling."""

    def asleep_us(self) -> int:
        """Microseconds of `now` for which the machine slept: it was suspended, and nothing ran."""

    def wait(self, seconds: float) -> None:
        """Do nothing for `seconds`."""

    def background(self, period_s: float, work: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `work` every `period_s` while the block is entered; it must not raise: nobody would see it."""


class RealTimer:
    """The time since the machine was started; work beside the run is a thread.

    It goes on while the machine sleeps, so that a sleep shows in the run as a stretch without readings. Setting the
    calendar does not move it.
    """

    def __init__(self) -> None:
        self._start_ns = boot_ns()
        self._awake_ns = time.monotonic_ns()

    def now(self) -> int:
        """Microseconds since this timer was made."""
        return (boot_ns() - self._start_ns) // 1000

    def asleep_us(self) -> int:
        """How much more the clock that goes on while the machine sleeps has counted than the one that stands still."""
        return max(0, boot_ns() - self._start_ns - (time.monotonic_ns() - self._awake_ns)) // 1000

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
