"""Waiting for a service that gives no answer: the schedule of `patience` on a clock, and a line for the reader."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from joulemark.errors import NoConnection, ServerFailed, Unreachable
from joulemark.patience import SHORT, Pauses, pause_s
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

SHORT_LIMIT_S = 60.0
"""How long a command waits for which somebody waits, where the service asks for a long pause."""
SILENT_S = 3.0
"""A service that answers again within so many seconds is not worth a line."""


class WaitEnded(Exception):
    """Whoever watches does not want to wait any longer. Raised by the function that pauses."""


class Waiting:
    """How long a service is waited for: `limit_s` an outage, and never beyond what `budget_left_s` says is left.

    An outage begins with the first attempt that fails and ends with the first that does not. Once its time is up the
    service `is_away`: then each further request is tried once, until one is answered. Times are in seconds; `pause` and
    `now` are the clock's. `say` gets a sentence when the waiting begins and when it ends, `on_wait` the seconds that it
    may last; neither hears of what is over in a moment.
    """

    def __init__(
        self,
        service: str,
        *,
        limit_s: float = SHORT_LIMIT_S,
        pauses: Pauses | None = None,
        budget_left_s: Callable[[], float | None] = lambda: None,
        say: Callable[[str], None] = lambda _: None,
        on_wait: Callable[[float], None] = lambda _: None,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
        seed: int | None = None,
    ) -> None:
        self.service = service
        self.is_away = False
        self.is_ended_by_user = False
        self._limit_s = limit_s
        self._pauses = pauses or SHORT
        self._budget_left_s = budget_left_s
        self._say = say
        self._on_wait = on_wait
        self._pause = pause
        self._now = now
        self._seed = secrets.randbits(63) if seed is None else seed
        self._began_s: float | None = None
        self._attempt = 0
        self._is_announced = False

    def call(
        self,
        attempt: Callable[[], T],
        *,
        answers: tuple[type[Exception], ...] = (),
        is_last: Callable[[Unreachable], bool] = lambda _: False,
    ) -> T:
        """Return what `attempt` returns. It is repeated after a pause while it raises NoConnection or ServerFailed.

        `answers` are errors that only a service that is there can cause: they end an outage and are raised. `is_last`
        says of a failure that no other attempt would help. Raises what the last attempt raised.
        """
        while True:
            try:
                answer = attempt()
            except (NoConnection, ServerFailed) as failure:
                if is_last(failure) or not self.wait(failure.cause, failure.retry_after_s):
                    raise
            except answers:
                self.answered()
                raise
            else:
                self.answered()
                return answer

    def wait(self, cause: str, retry_after_s: float | None = None) -> bool:
        """Pause behind a failed attempt; whether there is to be another one. `cause` is a clause such as `HTTP 503`.

        `retry_after_s`: the least pause that the service asks for.
        """
        if self.is_away:
            return False
        if self._began_s is None:
            self._began_s, self._attempt = self._now(), 0
        left_s = self._left_s(self._began_s)
        next_s = pause_s(
            self._pauses, self._attempt, seed=self._seed, left_s=left_s, retry_after_s=retry_after_s
        )
        if next_s is None:
            self._give_up(cause)
            return False
        self._announce(cause, next_s, left_s)
        self._attempt += 1
        try:
            self._pause(next_s)
        except WaitEnded:
            self.is_ended_by_user = True
            self._give_up(cause)
            return False
        return True

    def answered(self) -> None:
        """The service has answered: an outage is over."""
        if self._is_announced or self.is_away:
            passed_s = 0.0 if self._began_s is None else self._now() - self._began_s
            again = _("{service} answers again after {time}.") if passed_s else _("{service} answers again.")
            self._say(again.format(service=self.service, time=in_words(passed_s)))
        self._began_s, self._is_announced = None, False
        self.is_away = self.is_ended_by_user = False

    def _left_s(self, began_s: float) -> float:
        left_s = began_s + self._limit_s - self._now()
        budget_left_s = self._budget_left_s()
        return left_s if budget_left_s is None else min(left_s, budget_left_s)

    def _announce(self, cause: str, next_s: float, left_s: float) -> None:
        """Say once an outage what is waited for, since when and until when, unless it is over in a moment."""
        passed_s = self._now() - (self._began_s or 0.0)
        if self._is_announced or passed_s + next_s < SILENT_S:
            return
        self._is_announced = True
        now = datetime.now().astimezone()
        since, until = now - timedelta(seconds=passed_s), now + timedelta(seconds=left_s)
        self._say(
            _(
                "Waiting for {service} ({cause}) since {since:%H:%M:%S}, until {until:%H:%M:%S} at "
                "most. Ctrl-C is safe: measured results are stored."
            ).format(service=self.service, cause=cause, since=since, until=until)
        )
        self._on_wait(left_s)

    def _give_up(self, cause: str) -> None:
        if self._is_announced:
            self._say(
                _("No longer waiting for {service} ({cause}).").format(service=self.service, cause=cause)
            )
        self._began_s, self._is_announced = None, False
        self.is_away = True


def in_words(seconds: float) -> str:
    """A duration for a reader: `35 s`, or `12 min` from two minutes on."""
    if seconds < 120:
        return _("{number:.0f} s").format(number=seconds)
    return _("{number:.0f} min").format(number=seconds / 60)
