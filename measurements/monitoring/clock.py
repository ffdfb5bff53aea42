"""Whether this machine's clock is right, compared with the database's and with the monotonic one."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = 10.0
"""How far clocks may differ. Messages expire after ten minutes, and signed times may be as much ahead."""
WINDOW_S = 600.0
"""How long a step of the clock is reported after it has happened."""
SAMPLE_EVERY_S = 10.0


class ClockSteps:
    """How far the wall clock has jumped beside the monotonic one, which no one sets."""

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._lock = threading.Lock()
        self._samples: deque[tuple[float, float]] = deque([(monotonic(), wall() - monotonic())])

    def largest_s(self) -> float:
        """The largest jump in the last ten minutes, in seconds; positive where the clock went forward.

        Before the first question of these ten minutes it is compared with the last one before them.
        """
        with self._lock:
            now = self._monotonic()
            difference = self._wall() - now
            while len(self._samples) > 1 and self._samples[1][0] <= now - WINDOW_S:
                self._samples.popleft()
            largest = max((difference - before for _, before in self._samples), key=abs)
            if now - self._samples[-1][0] >= SAMPLE_EVERY_S:
                self._samples.append((now, difference))
        return largest


STEPS = ClockSteps()
"""This process' clock."""
