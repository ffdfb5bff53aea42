"""What Celery beat does in production, for the embedded platform: threads that sweep, sequence the log and publish."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import close_old_connections

from measurements.monitoring.periodic_runs import record_run

logger = logging.getLogger(__name__)

LONGEST_PAUSE_S = 300.0
"""However often a round has failed, it is tried again after this pause, or after its own where that is longer."""


@dataclass(frozen=True)
class Periodic:
    """Work that a thread of its own does every `every_s` seconds, first after `first_after_s`.

    `task` is its name in Celery's schedule.
    """

    name: str
    work: Callable[[], object]
    every_s: float
    task: str = ""
    first_after_s: float = 0.0

    def pause_s(self, failures: int) -> float:
        """The pause after so many failed rounds in a row: twice as long each time, within a limit."""
        return min(self.every_s * 2.0 ** min(failures, 20), max(self.every_s, LONGEST_PAUSE_S))


def periodic_work(*, every_s: float) -> list[Periodic]:
    """The periodic work: the sweeps every `every_s` seconds, the log, releases and the watch as their settings say.

    Whether a release is due is looked for as beat does, first after a whole pause: who has just started a platform
    measures on the same machine, or is about to read from it.
    """
    look_s = settings.RELEASE_LOOK_S
    from measurements.boards.tasks import sweep as sweep_boards
    from measurements.ledger.sequencer import sequence
    from measurements.ledger.witness_client import ask_witnesses
    from measurements.monitoring.watch import Watch
    from measurements.releases.tasks import publish
    from measurements.review.tasks import sweep as sweep_review
    from measurements.webhooks.tasks import run_webhooks

    return [
        Periodic("review sweeper", sweep_review, every_s, "review.sweep"),
        Periodic("boards sweeper", sweep_boards, every_s, "boards.sweep"),
        Periodic("sequencer", sequence, settings.LOG_EVERY_S, "ledger.sequence"),
        Periodic("witness client", ask_witnesses, settings.WITNESS_EVERY_S, "ledger.ask_witnesses"),
        Periodic("webhooks", run_webhooks, settings.WEBHOOKS_EVERY_S, "webhooks.run"),
        Periodic("releases", publish, look_s, "releases.publish", first_after_s=look_s),
        Periodic("watch", Watch().round, settings.WATCH_EVERY_S),
    ]


def start_sweeping(*, every_s: float) -> threading.Event:
    """Start a daemon thread for each periodic work; they end when the returned event is set."""
    stop = threading.Event()
    for periodic in periodic_work(every_s=every_s):
        threading.Thread(target=repeat, args=(periodic, stop.wait), name=periodic.name, daemon=True).start()
    return stop


def repeat(periodic: Periodic, wait: Callable[[float], bool]) -> None:
    """Work and wait in turn until `wait`, which is told the pause in seconds, says that it is over.

    Whatever a round raises ends that round alone: there is nobody to start the thread again.
    """
    if periodic.first_after_s and wait(periodic.first_after_s):
        return
    failures = 0
    while True:
        try:
            close_old_connections()
            periodic.work()
            failures = 0
            record_run(periodic.task)
        except Exception:
            failures += 1
            logger.exception(
                "JM-ROUND-FAILED the %s failed %d times in a row and tries again in %.0f s",
                periodic.name, failures, periodic.pause_s(failures),
            )  # fmt: skip
        if wait(periodic.pause_s(failures)):
            return
