"""Whether the work that is done again and again still is: when each task of the schedule last ended well."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from measurements.monitoring.models import PeriodicRun

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

WATCH = "watch"
"""The name of the watch's own rounds."""
RELEASES = "releases.publish"
"""A round of this one may take hours."""


@dataclass(frozen=True, kw_only=True)
class RunAge:
    """How long ago a periodic work ended well, in seconds; None where it never has since the platform was prepared.

    `waited_s` is that time, or how long it has been expected in vain. `limit_s`: how long it may take.
    """

    name: str
    age_s: float | None
    waited_s: float
    limit_s: float

    @property
    def is_late(self) -> bool:
        """Whether somebody must look."""
        return self.waited_s > self.limit_s


def periods_s() -> dict[str, float]:
    """How often each periodic work is to be done, by name, but for the watch."""
    schedule: Mapping[str, Mapping[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    of_one_process = (
        "review.sweep",
        "boards.sweep",
        "ledger.sequence",
        "ledger.ask_witnesses",
        "webhooks.run",
        RELEASES,
    )  # `joulemark_site.embedded` does the same
    names = of_one_process if settings.CELERY_TASK_ALWAYS_EAGER else schedule
    return {name: schedule[name]["schedule"].run_every.total_seconds() for name in names}


def expect_runs() -> None:
    """Remember since when each periodic work is expected, for a platform that never does one."""
    now = timezone.now()
    rows = [PeriodicRun(name=name, expected_since=now) for name in (*periods_s(), WATCH)]
    PeriodicRun.objects.bulk_create(rows, ignore_conflicts=True)


def record_run(name: str) -> None:
    """Periodic work has ended well. What is not periodic is passed over; a database that is away loses the record."""
    if name != WATCH and name not in periods_s():
        return
    now = timezone.now()
    try:
        with transaction.atomic():
            PeriodicRun.objects.update_or_create(
                name=name,
                defaults={"finished_at": now},
                create_defaults={"finished_at": now, "expected_since": now},
            )
    except DatabaseError as error:
        logger.warning("the end of %s is not recorded (%s)", name, type(error).__name__)


def run_ages() -> tuple[RunAge, ...]:
    """How long ago each periodic work ended well; of a platform that expects none yet, nothing."""
    now = timezone.now()
    rows = {row.name: row for row in PeriodicRun.objects.all()}
    return tuple(
        RunAge(
            name=name,
            age_s=None if row.finished_at is None else (now - row.finished_at).total_seconds(),
            waited_s=max((now - (row.finished_at or row.expected_since)).total_seconds(), 0.0),
            limit_s=max(settings.SWEEP_ALARM_S, 3 * every_s)
            + (settings.RELEASE_LIMIT_S if name == RELEASES else 0),
        )
        for name, every_s in {**periods_s(), WATCH: float(settings.WATCH_EVERY_S)}.items()
        if (row := rows.get(name)) is not None
    )
