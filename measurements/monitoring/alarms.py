"""Every alarm: what raises it, and whom it calls. deploy/prometheus/alarms.yml has the same, and some with history.

docs/operations.md has a section for each, under its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.conf import settings
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from measurements.monitoring.dependencies import QueueLength
    from measurements.monitoring.health import Health

Audience = Literal["operators", "moderators"]
RUNBOOK = "docs/operations.md#"
"""Where the section of an alarm is, before its name in lower case."""


@dataclass(frozen=True, kw_only=True)
class AlarmReading:
    """Whether an alarm has a cause now; None where that cannot be known. `sentence` says which, for its message."""

    is_raised: bool | None
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm. `title` names it in the language of its reader."""

    name: str
    title: _StrPromise
    audience: Audience
    read: Callable[[Health], AlarmReading]

    @property
    def runbook(self) -> str:
        """The section that says what to do."""
        return RUNBOOK + self.name.lower()


def _of_condition(name: str) -> Callable[[Health], AlarmReading]:
    def read(health: Health) -> AlarmReading:
        condition = health.condition(name)
        if condition.is_unknown:
            return AlarmReading(is_raised=None)
        return AlarmReading(
            is_raised=not condition.holds, sentence="" if condition.holds else condition.words
        )

    return read


def _of_wait(what: str) -> Callable[[Health], AlarmReading]:
    def read(health: Health) -> AlarmReading:
        if health.work is None:
            return AlarmReading(is_raised=None)
        wait = next(wait for wait in health.work.waiting if wait.what == what)
        sentence = f"{wait.count} wait; the first has waited for {wait.oldest_s / 86400:.1f} days."
        return AlarmReading(is_raised=wait.is_alarm, sentence=sentence if wait.is_alarm else "")

    return read


def _messages_old(health: Health) -> AlarmReading:
    if not settings.REDIS_URL:
        return AlarmReading(is_raised=False)
    if not health.readiness.queues:
        return AlarmReading(is_raised=None)
    old = [queue for queue in health.readiness.queues if _is_old(queue)]
    sentence = " ".join(
        f"{queue.length} messages wait in {queue.name}, the first for {queue.oldest_s or 0.0:.0f} s."
        for queue in old
    )
    return AlarmReading(is_raised=bool(old), sentence=sentence)


def _is_old(queue: QueueLength) -> bool:
    return (queue.oldest_s or 0.0) > settings.MESSAGE_ALARMS_S[queue.name]


def _given_up(health: Health) -> AlarmReading:
    if health.work is None:
        return AlarmReading(is_raised=None)
    sentence = " ".join(result_id[:16] for result_id in health.work.given_up)
    return AlarmReading(is_raised=bool(sentence), sentence=sentence)


def _copies_behind(health: Health) -> AlarmReading:
    if health.work is None:
        return AlarmReading(is_raised=None)
    behind = [copy for copy in health.work.copies if copy.fault]
    sentence = " ".join(f"{copy.name} has {copy.size} leaves: {copy.fault}" for copy in behind)
    return AlarmReading(is_raised=bool(behind), sentence=sentence)


def _witness_late(health: Health) -> AlarmReading:
    if health.work is None:
        return AlarmReading(is_raised=None)
    late = [witness for witness in health.work.witnesses if witness.late_s > settings.WITNESS_ALARM_S]
    sentence = " ".join(
        f"{witness.name} has cosigned {witness.size} entries and nothing since for {witness.late_s / 3600:.1f} hours."
        f"{' ' + witness.fault if witness.fault else ''}"
        for witness in late
    )
    return AlarmReading(is_raised=bool(late), sentence=sentence)


def _board_late(health: Health) -> AlarmReading:
    if health.work is None:
        return AlarmReading(is_raised=None)
    lag_s = health.work.board_lag_s
    is_late = lag_s is not None and lag_s > settings.BOARD_ALARM_S
    sentence = f"A changed cell has waited for its new value for {lag_s:.0f} s." if is_late else ""
    return AlarmReading(is_raised=is_late, sentence=sentence)


def _operators(name: str, title: _StrPromise, read: Callable[[Health], AlarmReading]) -> Alarm:
    return Alarm(name=name, title=title, audience="operators", read=read)


def _moderators(name: str, title: _StrPromise, read: Callable[[Health], AlarmReading]) -> Alarm:
    return Alarm(name=name, title=title, audience="moderators", read=read)


ALARMS = (
    _operators("DatabaseAway", _("The database does not answer"), _of_condition("database")),
    _operators("QueueAway", _("The queue does not answer"), _of_condition("queue")),
    _operators("SchemaWrong", _("The tables are not those of the software"), _of_condition("schema")),
    _operators("KeyUnusable", _("A key that signs is missing or does not fit"), _of_condition("keys")),
    _operators("ClockWrong", _("A clock is wrong"), _of_condition("clock")),
    _operators("DiskNearlyFull", _("A disk is nearly full"), _of_condition("disk")),
    _operators("LogBroken", _("The log is broken"), _of_condition("log")),
    _operators("LogCopyBehind", _("A copy of the log is behind"), _copies_behind),
    _operators("WitnessLate", _("A witness does not cosign the log"), _witness_late),
    _operators("CheckpointLate", _("Leaves wait too long for a checkpoint"), _of_condition("checkpoints")),
    _operators("SweepLate", _("Periodic work is late"), _of_condition("sweeps")),
    _operators("VerdictLate", _("Results wait too long for a verdict"), _of_condition("verdicts")),
    _operators("JudgingStuck", _("Results are in judging for too long"), _of_condition("judging")),
    _operators("MessagesOld", _("Messages wait in the queue for too long"), _messages_old),
    _operators("BoardLate", _("Results do not reach their boards"), _board_late),
    _moderators("ModeratorLate", _("Quarantined results wait for a moderator"), _of_wait("moderator")),
    _moderators("AppealLate", _("Appeals wait for an answer"), _of_wait("appeal")),
    _moderators("JudgingGivenUp", _("Results were given up by the rules"), _given_up),
)
