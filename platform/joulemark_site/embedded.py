"""What Celery beat does in production, for the embedded platform: a thread that sweeps."""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, close_old_connections

logger = logging.getLogger(__name__)


def start_sweeping(*, every_s: float) -> threading.Event:
    """Sweep now and every `every_s` seconds, in a daemon thread, until the returned event is set."""
    stop = threading.Event()
    threading.Thread(target=_sweep_until, args=(stop, every_s), name="sweeper", daemon=True).start()
    return stop


def _sweep_until(stop: threading.Event, every_s: float) -> None:
    from measurements.boards.tasks import sweep as sweep_boards
    from measurements.review.tasks import sweep as sweep_review

    while True:
        close_old_connections()
        try:
            sweep_review()
            sweep_boards()
        except DatabaseError as error:
            logger.warning("sweep failed and is tried again in %s s: %s", every_s, error)
        if stop.wait(every_s):
            return
