"""How often each code was refused on each day. A flood of one code does not queue up at one row of the database.

The first refusal after a quiet while is written at once; further ones gather in this process, and are written together
by one that comes later, or when the process ends. What a killed process has gathered is lost, as is what the database
would not take for a day: nothing depends on it.
"""

from __future__ import annotations

import atexit
import logging
from collections import Counter
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

logger = logging.getLogger(__name__)

WRITE_EVERY_S = 1.0
MAX_GATHERED = 1000
"""Days and codes that are kept while the database does not take them."""
ADD = """
    INSERT INTO intake_refusalcount (day, code, count) VALUES (%s, %s, %s)
    ON CONFLICT (day, code) DO UPDATE SET count = intake_refusalcount.count + excluded.count
"""


class RefusalCounts:
    """Refusals that are not written yet. One for a process; threads may share it."""

    def __init__(self, *, every_s: float = WRITE_EVERY_S, clock: Callable[[], float] = monotonic) -> None:
        self.every_s = every_s
        self._clock = clock
        self._lock = Lock()
        self._counts: Counter[tuple[date, str]] = Counter()
        self._written_s = clock() - every_s

    def add(self, code: str) -> None:
        """Count one refusal; write all that have gathered if the last writing was long enough ago."""
        now_s = self._clock()
        with self._lock:
            self._counts[timezone.now().date(), code] += 1
            is_due = now_s - self._written_s >= self.every_s
            if is_due:
                self._written_s = now_s
        if is_due:
            self.write()

    def write(self) -> None:
        """Add the counts to the table. If the database does not take them they gather on, and a line says so."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        # in one order everywhere, so that two processes never wait for each other
        rows: list[tuple[Any, ...]] = [(*key, n) for key, n in sorted(counts.items())]
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany(ADD, rows)
        except DatabaseError as error:
            logger.warning("%d refusals are not counted yet: %s", sum(counts.values()), type(error).__name__)
            with self._lock:
                if len(self._counts) < MAX_GATHERED:
                    self._counts.update(counts)


REFUSED = RefusalCounts()
"""This process' refusals."""
atexit.register(REFUSED.write)
