"""Waiting for a condition, within a limit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_EVERY_S = 0.1


class TooLate(Exception):
    """What was waited for did not come; `str(error)` says what, and for how long."""


def poll(is_so: Callable[[], bool], *, what: str, limit_s: float) -> float:
    """Seconds until `is_so`. Raises TooLate after `limit_s`."""
    began_s = time.monotonic()
    while not is_so():
        if time.monotonic() - began_s > limit_s:
            raise TooLate(f"waited {limit_s:.0f} s in vain until {what}")
        time.sleep(LOOK_EVERY_S)
    return time.monotonic() - began_s
