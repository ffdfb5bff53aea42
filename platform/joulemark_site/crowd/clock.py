"""Time that is set: what happens in the crowd's world is signed, received and judged at the crowd's own times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.dispatch import Signal
from django.utils import timezone

from measurements.intake.signals import submission_received
from measurements.ledger.signals import leaf_written
from measurements.review.signals import states_changed

NUDGES: tuple[Signal, ...] = (submission_received, states_changed, leaf_written)


class Clock:
    """Tells `at`, which only `set` moves."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def set(self, at: datetime) -> None:
        """From now on it is `at`."""
        self.at = at

    def now(self) -> datetime:
        """What Django's `timezone.now` says while the clock runs."""
        return self.at


@contextmanager
def running(clock: Clock) -> Iterator[None]:
    """Let this process live by `clock`, with nobody nudged: what follows from an upload is done by hand, in order.

    Queues and threads would do it at times of their own.
    """
    now, listening = timezone.now, [signal.receivers for signal in NUDGES]
    timezone.now = clock.now
    for signal in NUDGES:
        signal.receivers = []
    try:
        yield
    finally:
        timezone.now = now
        for signal, receivers in zip(NUDGES, listening, strict=True):
            signal.receivers = receivers
