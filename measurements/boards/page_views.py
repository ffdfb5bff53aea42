"""How often jobs are looked at, for the order of needed work: numbers by day, and nothing of who looked.

Views are added up in memory and written together, in one statement of sums, so that a page costs no write. What a
process has not written when it ends is lost, and so is what the database would not take: nothing depends on it.
"""

from __future__ import annotations

import logging
from collections import Counter
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

log = logging.getLogger(__name__)
Job = tuple[str, ...]
"""Task, data set, model."""

WRITE_AFTER_S = 30.0
ADD = """
    INSERT INTO boards_jobviews (day, task, dataset, model, views) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (day, task, dataset, model) DO UPDATE SET views = boards_jobviews.views + excluded.views
"""


class Viewed:
    """Views that are not written yet. One for a process; threads may share it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._counts: Counter[tuple[date, frozenset[Job]]] = Counter()
        self._since_s = 0.0

    def note(self, jobs: Iterable[Job]) -> None:
        """Count a view of each job, once, and write all counts when the oldest of them has waited long enough.

        They are counted as one set, whose hash a frozenset keeps: a page that is shown again costs no step a job.
        """
        today, now_s, job_set = timezone.now().date(), self._clock(), frozenset(jobs)
        if not job_set:
            return
        with self._lock:
            if not self._counts:
                self._since_s = now_s
            self._counts[today, job_set] += 1
            due = now_s - self._since_s >= WRITE_AFTER_S
        if due:
            self.write()

    def write(self) -> None:
        """Add the counts to the table. A failure of the database is written to the log and not raised."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        by_job: Counter[tuple[date, Job]] = Counter()
        for (day, jobs), views in counts.items():
            by_job.update(dict.fromkeys(((day, job) for job in jobs), views))
        # in one order everywhere, so that two processes never wait for each other
        rows: list[tuple[Any, ...]] = [(day, *job, views) for (day, job), views in sorted(by_job.items())]
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany(ADD, rows)
        except DatabaseError as error:
            log.warning("views of %d jobs are lost: the database did not take them (%s)", len(rows), error)

    def forget(self) -> None:
        """Throw away what was counted and not written."""
        with self._lock:
            self._counts.clear()


VIEWED = Viewed()
"""This process' views."""
