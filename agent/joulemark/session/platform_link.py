"""The platform during one run: waited for while it gives no answer, and gone on without where the user allows that.

Measuring never waits for an upload: a result that cannot be sent in a few seconds is kept, tried again after each later
one that could be sent, and waited for when nothing is left to measure. Only a ticket is waited for before a job,
because a result without one ranks lower.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from joulemark.errors import Unreachable
from joulemark.patience import Pauses
from joulemark.session.delivery import KEY_UNKNOWN, Delivery, deliver_all
from joulemark.translation import gettext as _
from joulemark.translation import marked
from joulemark.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from joulemark.outbox import Outbox, OutboxResult
    from joulemark.platform_client import PlatformClient
    from joulemark.record.envelope import Envelope
    from joulemark.record.messages import PlatformKey, Ticket
    from joulemark.session.report import Done

ADVICE = marked(
    "Measured results are stored: the same command resumes, `joulemark submit` sends what is "
    "waiting, and with `--offline-after` a run continues without the platform."
)
OFFLINE = marked(
    "Continuing offline: results now have no ticket and rank lower. The platform is tried again "
    "before each job, and waiting results are sent when it answers."
)
ONCE = Pauses(first_s=0.0, longest_s=0.0, count=0)


class PlatformLink:
    """Asks one platform through `client`. `check_key` raises PlatformKeyChanged where its key is not the stored one.

    `may_go_offline`: the user has said that jobs may be measured without a ticket when patience has ended.
    """

    def __init__(
        self,
        client: PlatformClient,
        *,
        check_key: Callable[[PlatformKey], None],
        may_go_offline: bool,
        note: Callable[[str], None],
    ) -> None:
        self._client = client
        self._check_key = check_key
        self._may_go_offline = may_go_offline
        self._note = note
        self._is_checked = False
        self._is_offline = False

    def open(self) -> None:
        """See that the platform is the one that this key is enrolled at. Raises as `ticket` does."""
        try:
            self._require_key()
        except Unreachable as error:
            self._go_offline(error)

    def ticket(self, make: Callable[[], Envelope]) -> Ticket | None:
        """A ticket for the request that `make` signs; None where the job is measured offline.

        Raises Unreachable when patience has ended and the user does not allow that, PlatformKeyChanged or Refused.
        """
        try:
            self._require_key()
            ticket = self._client.ticket(make)
        except Unreachable as error:
            self._go_offline(error)
            return None
        self._is_offline = False
        return ticket

    def send(
        self, outbox: Outbox, results: list[OutboxResult], key: PlatformKey, *, waits: bool
    ) -> Iterator[Delivery]:
        """Send results, each as often as it takes; what became of each that was tried.

        `waits`: as long as patience lasts; else for a few seconds, and once where the platform is away.
        """
        waiting = self._client.waiting if waits else self._in_passing()
        try:
            self._require_key(waiting)
        except Unreachable as error:
            for result in results:
                yield Delivery(result=result, how="waiting", code=error.code, sentence=str(error))
            return
        yield from deliver_all(outbox, results, self._client, key, waiting=waiting)

    def _in_passing(self) -> Waiting:
        return Waiting(self._client.origin, pauses=ONCE if self._client.waiting.is_away else None)

    def _require_key(self, waiting: Waiting | None = None) -> None:
        if not self._is_checked:
            self._check_key(self._client.platform_key(waiting=waiting))
            self._is_checked = True

    def _go_offline(self, error: Unreachable) -> None:
        """Raises `error` unless the user allows to go on without the platform."""
        if not (self._is_offline or self._may_go_offline or self._client.waiting.is_ended_by_user):
            raise error
        if not self._is_offline:
            self._note(_(OFFLINE))
        self._is_offline = True


def is_waiting(done: Done) -> bool:
    """Whether the result was not sent yet, for no reason that lies in its key."""
    is_of_key = done.delivery is not None and done.delivery.code == KEY_UNKNOWN
    return done.result.state == "waiting" and not is_of_key


def with_delivery(done: Done, delivery: Delivery) -> Done:
    """The same job with what became of its result."""
    return replace(done, result=delivery.result, delivery=delivery)
