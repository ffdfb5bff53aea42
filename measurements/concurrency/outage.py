"""A service that gave no answer is not asked again for a while: a request needs it several times, and waits once."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

OUTAGE_S = 10.0


class Outage:
    """Whether a service is away, as this process has seen it last. `consequence` says what is left undone meanwhile."""

    def __init__(self, consequence: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._consequence = consequence
        self._clock = clock
        self._until_s = clock()

    def begin(self, error: Exception) -> None:
        """It gave no answer just now."""
        self._until_s = self._clock() + OUTAGE_S
        logger.warning("%s: %s", self._consequence, error)

    def lasts(self) -> bool:
        """Whether the outage lasts: it is too early to try the service again."""
        return self._clock() < self._until_s
