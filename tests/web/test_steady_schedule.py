"""Beat goes on at its pace whatever the clock on the wall does."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from celery.beat import Scheduler
from celery.schedules import schedule

from joulemark_site import settings as site
from joulemark_site import steady_schedule

STEPS = (timedelta(0), timedelta(days=-1), timedelta(days=400), timedelta(hours=-1), timedelta(seconds=-30))
EVERY_S = 10.0
WAIT_S = 100.0
A_MOMENT_S = 0.001
"""What a round of beat takes: a clock that stood still would keep it going round."""


class Clocks:
    """A clock on the wall that can be set, and one that counts."""

    def __init__(self) -> None:
        self.wall, self.elapsed_s = datetime(2026, 5, 1, tzinfo=UTC), 1000.0

    def wait(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.elapsed_s += seconds


def times_sent(interval: schedule, step: timedelta, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often beat sends in `WAIT_S` seconds, after the clock was set by `step`."""
    clocks, sent = Clocks(), []
    monkeypatch.setattr(time, "monotonic", lambda: clocks.elapsed_s)
    app = Celery("test", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"work": {"task": "work", "schedule": interval}}
    monkeypatch.setattr(app, "now", lambda: clocks.wall)
    interval.app = app

    class Counting(Scheduler):
        def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **_: Any) -> None:  # noqa: FBT001, FBT002 - the base's own
            self.reserve(entry)
            sent.append(entry.name)

    scheduler = Counting(app=app)
    scheduler.tick()
    clocks.wait(EVERY_S)
    for _ in range(3):  # of what is due now
        clocks.wait(scheduler.tick() or A_MOMENT_S)
    sent.clear()
    clocks.wall += step
    ends_s = clocks.elapsed_s + WAIT_S
    while clocks.elapsed_s < ends_s:
        clocks.wait(max(scheduler.tick(), A_MOMENT_S))
    return len(sent)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_clock_that_jumps_changes_nothing(step: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = times_sent(steady_schedule.every(EVERY_S), step, monkeypatch)
    assert abs(sent - WAIT_S / EVERY_S) <= 1


def test_celerys_own_interval_stops_when_a_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert times_sent(schedule(run_every=EVERY_S), timedelta(0), monkeypatch) >= WAIT_S / EVERY_S - 1
    assert times_sent(schedule(run_every=EVERY_S), timedelta(days=-1), monkeypatch) == 0, "what this is for"


def test_every_periodic_message_is_on_the_steady_clock() -> None:
    entries: dict[str, Any] = site.CELERY_BEAT_SCHEDULE
    assert {entry["schedule"].nowfun for entry in entries.values()} == {steady_schedule.steady_now}
