"""The watch: looks at the platform's health again and again, and calls somebody when it must.

It needs neither queue nor beat, and while the database is away it goes on with what it knows, so that it can say so. It
pings a dead man's switch only while everything is well; whoever waits for that ping learns of a watch that is dead.
There is one watch for a platform.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import DatabaseError, transaction
from django.utils import timezone

from measurements.monitoring import announcements
from measurements.monitoring.alarms import ALARMS
from measurements.monitoring.announcements import Announcement
from measurements.monitoring.health import read_health
from measurements.monitoring.models import RaisedAlarm
from measurements.monitoring.periodic_runs import WATCH, record_run
from measurements.monitoring.result_times import ResultTimes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from measurements.monitoring.alarms import Alarm
    from measurements.monitoring.health import Health

logger = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(hours=1)
"""Between two messages about one alarm, whether it lasted or came back."""
ROUNDS_BEFORE = 2
"""An alarm is raised when so many rounds in a row have seen its cause: a restart is no emergency."""


@dataclass(frozen=True, kw_only=True)
class AlarmState:
    """What the watch knows of one alarm. `announced_at` is None until a message about it has gone out."""

    n_rounds: int = 0
    raised_at: datetime | None = None
    announced_at: datetime | None = None
    sentence: str = ""


class Watch:
    """One for a platform. `announce` sends messages and returns whether they went out; `ping` is the dead man's."""

    def __init__(
        self,
        *,
        look: Callable[[], Health] = read_health,
        announce: Callable[[Announcement], bool] = announcements.announce,
        ping: Callable[[], object] = announcements.ping,
        now: Callable[[], datetime] = timezone.now,
    ) -> None:
        self._look, self._announce, self._ping, self._now = look, announce, ping, now
        self._states: dict[str, AlarmState] = {}
        self._last_messages: dict[str, datetime] = {}
        self._is_loaded = False
        self._times = ResultTimes()

    def round(self) -> Health:
        """Look once, and do what follows from it."""
        self._count()
        health = self._look()
        if not self._is_loaded and health.readiness.database is not None:
            self._load()
        for alarm in ALARMS:
            self._follow(alarm, health)
        self._store()
        if health.is_well:
            self._ping()
        record_run(WATCH)
        return health

    def _count(self) -> None:
        try:
            self._times.count()
        except DatabaseError as error:
            logger.warning("what was judged is not counted now (%s)", type(error).__name__)

    def _follow(self, alarm: Alarm, health: Health) -> None:
        state = self._states.get(alarm.name, AlarmState())
        reading = alarm.read(health)
        if reading.is_raised is None:
            return
        if not reading.is_raised:
            self._states.pop(alarm.name, None)
            if state.announced_at is not None and state.raised_at is not None:
                self._send(alarm, state.raised_at, "", is_raised=False)
            return
        state = replace(state, n_rounds=state.n_rounds + 1, sentence=reading.sentence)
        if state.raised_at is None and state.n_rounds >= ROUNDS_BEFORE:
            state = replace(state, raised_at=self._now())
        if (
            state.raised_at is not None
            and self._may_send(alarm)
            and self._send(alarm, state.raised_at, reading.sentence, is_raised=True)
        ):
            state = replace(state, announced_at=self._now())
            self._last_messages[alarm.name] = self._now()
        self._states[alarm.name] = state

    def _may_send(self, alarm: Alarm) -> bool:
        last = self._last_messages.get(alarm.name)
        return last is None or self._now() - last >= AGAIN_AFTER

    def _send(self, alarm: Alarm, since: datetime, sentence: str, *, is_raised: bool) -> bool:
        return self._announce(Announcement(alarm=alarm, is_raised=is_raised, since=since, sentence=sentence))

    def _load(self) -> None:
        """Go on where an earlier process of the watch has ended."""
        try:
            rows = list(RaisedAlarm.objects.all())
        except DatabaseError:
            return
        for row in rows:
            self._states.setdefault(
                row.name,
                AlarmState(
                    n_rounds=ROUNDS_BEFORE,
                    raised_at=row.raised_at,
                    announced_at=row.announced_at,
                    sentence=row.sentence,
                ),
            )
            if row.announced_at is not None:
                self._last_messages.setdefault(row.name, row.announced_at)
        self._is_loaded = True

    def _store(self) -> None:
        """Keep what is raised, for the next process of the watch."""
        if not self._is_loaded:
            return
        try:
            with transaction.atomic():
                RaisedAlarm.objects.all().delete()
                RaisedAlarm.objects.bulk_create(self._rows())
        except DatabaseError as error:
            logger.warning("which alarms are raised is not stored (%s)", type(error).__name__)

    def _rows(self) -> Iterable[RaisedAlarm]:
        return [
            RaisedAlarm(
                name=name, raised_at=state.raised_at, announced_at=state.announced_at, sentence=state.sentence
            )
            for name, state in self._states.items()
            if state.raised_at is not None
        ]
