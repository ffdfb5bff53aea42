"""Intervals of Celery beat that count elapsed time, not the clock on the wall.

Celery asks an interval for "now" and compares it with the last run. After a clock that was set back by a day, it would
send nothing for a day. Here "now" is a fixed moment plus the seconds since the machine started, so that a clock may
jump either way.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from celery.schedules import schedule

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Any moment: it is compared with nothing but itself."""


def steady_now() -> datetime:
    """A time that only ever goes forward, at the pace of a clock."""
    return BEGINNING + timedelta(seconds=time.monotonic())


def every(seconds: float) -> schedule:
    """A schedule for beat: due whenever so many seconds have passed."""
    return schedule(run_every=timedelta(seconds=seconds), nowfun=steady_now)
