"""Whether this machine's clock is right, compared with the database's and with the monotonic one."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = 10.0
"""How far clocks may differ. Messages expire after ten minutes, and signed times may be as much ahead."""
SAMPLE_EVERY_S = 10.0
"""At least; more often where a jump is reported for less than half a minute."""


class ClockSteps:
    """How far the wall clock has jumped beside the monotonic one, which no one sets."""

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._lock = threading.Lock()
        self._samples: deque[tuple[float, float]] = deque([(monotonic(), wall() - monotonic())])

    def largest_s(self) -> float:
        """The largest jump within settings.CLOCK_ALARM_S, in seconds; positive where the clock went forward.

        Before the first question of this time it is compared with the last one before it.
        """
        window_s = float(settings.CLOCK_ALARM_S)
        with self._lock:
            now = self._monotonic()
            difference = self._wall() - now
            while len(self._samples) > 1 and self._samples[1][0] <= now - window_s:
                self._samples.popleft()
            largest = max((difference - before for _, before in self._samples), key=abs)
            if now - self._samples[-1][0] >= min(SAMPLE_EVERY_S, window_s / 4):
                self._samples.append((now, difference))
        return largest


STEPS = ClockSteps()
"""This process' clock."""
