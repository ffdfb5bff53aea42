"""What Celery beat does in production, for the embedded platform: threads that sweep and sequence the log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, close_old_connections

logger = logging.getLogger(__name__)


def start_sweeping(*, every_s: float) -> threading.Event:
    """Sweep now and every `every_s` seconds, in a daemon thread, until the returned event is set.

    A second thread sequences the log, every settings.LOG_EVERY_S seconds.
    """
    stop = threading.Event()
    for name, work, seconds in (("sweeper", _sweep, every_s), ("sequencer", _sequence, settings.LOG_EVERY_S)):
        threading.Thread(target=_repeat, args=(stop, work, seconds), name=name, daemon=True).start()
    return stop


def _sweep() -> None:
    from measurements.boards.tasks import sweep as sweep_boards
    from measurements.review.tasks import sweep as sweep_review

    sweep_review()
    sweep_boards()


def _sequence() -> None:
    from measurements.ledger.errors import LogBroken
    from measurements.ledger.sequencer import sequence

    try:
        sequence()
    except LogBroken:
        return  # the sequencer has written it to the log, and does so every time


def _repeat(stop: threading.Event, work: Callable[[], None], every_s: float) -> None:
    name = threading.current_thread().name
    while True:
        close_old_connections()
        try:
            work()
        except (DatabaseError, OSError) as error:
            logger.warning("%s failed and is tried again in %s s: %s", name, every_s, error)
        if stop.wait(every_s):
            return
