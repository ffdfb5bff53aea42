"""What must hold for a request to be answered, each asked for and named by itself."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.db import DatabaseError
from redis.exceptions import RedisError

from measurements.intake.platform_key import KeyUnusable, require_keys_that_signed
from measurements.monitoring import clock, dependencies, schema

if TYPE_CHECKING:
    from measurements.monitoring.dependencies import DatabaseAnswer, DiskSpace, QueueLength

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
MIB = 1024 * 1024
UNKNOWN = "Not known: the database does not answer."


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One thing that must hold. `problem` is for everybody, `detail` for the operator; both empty while it holds.

    `is_unknown`: it could not be asked, because the database is away.
    """

    name: str
    problem: str = ""
    detail: str = ""
    is_unknown: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is known to hold."""
        return not self.problem

    @property
    def words(self) -> str:
        """For the operator: "ok" or what is amiss."""
        return self.detail or self.problem or "ok"


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What a request needs, in the order in which it is asked for, and what was learned on the way.

    `queues` and `disks` are empty and `database` None where there was no answer; `clock_step_s` is how far the clock
    has jumped lately.
    """

    conditions: tuple[Condition, ...]
    database: DatabaseAnswer | None
    queues: tuple[QueueLength, ...]
    disks: tuple[DiskSpace, ...]
    clock_step_s: float

    @property
    def is_ready(self) -> bool:
        """Whether all of it holds."""
        return all(condition.holds for condition in self.conditions)


def read_readiness() -> Readiness:
    """Ask everything that a request needs; within `dependencies.ANSWER_LIMIT_S` and a little, whatever is away."""
    end_s = time.monotonic() + dependencies.ANSWER_LIMIT_S
    pending = (
        dependencies.DATABASE.start(),
        dependencies.QUEUE.start() if settings.REDIS_URL else None,
        dependencies.DISKS.start(),
    )
    database = _await(pending[0], end_s, DatabaseError)
    queues = () if pending[1] is None else _await(pending[1], end_s, RedisError, OSError, ValueError)
    disks = _await(pending[2], end_s, OSError)
    step_s = clock.STEPS.largest_s()
    conditions = (
        _database(database),
        _schema() if database else Condition(name="schema", problem=UNKNOWN, is_unknown=True),
        _keys() if database else Condition(name="keys", problem=UNKNOWN, is_unknown=True),
        _queue(queues),
        _clock(database, step_s),
        _disks(disks),
    )
    return Readiness(
        conditions=conditions, database=database, queues=queues or (), disks=disks or (), clock_step_s=step_s
    )


def _await(future: Future[Answer], end_s: float, *errors: type[Exception]) -> Answer | None:
    """The answer; None where there is none in time, or one of `errors` instead."""
    expected: tuple[type[Exception], ...] = (TimeoutError, *errors)
    try:
        return future.result(max(end_s - time.monotonic(), 0.0))
    except expected as error:
        logger.info("no answer: %s", type(error).__name__)
        return None


def _database(answer: DatabaseAnswer | None) -> Condition:
    if answer is not None:
        return Condition(name="database")
    return Condition(
        name="database",
        problem="The database does not answer.",
        detail="The database does not answer; see DATABASE_URL and the database's own log.",
    )


def _schema() -> Condition:
    try:
        fault = schema.schema_fault()
    except DatabaseError:
        fault = "The tables cannot be read; see the database."
    return Condition(
        name="schema", problem="The tables are not those of this software." if fault else "", detail=fault
    )


def _keys() -> Condition:
    try:
        require_keys_that_signed()
    except KeyUnusable as error:
        detail = str(error)
    except DatabaseError:
        detail = "Whether the keys fit cannot be asked; see the database."
    else:
        return Condition(name="keys")
    return Condition(name="keys", problem="A key that signs is missing or does not fit.", detail=detail)


def _queue(queues: tuple[QueueLength, ...] | None) -> Condition:
    if queues is not None:
        return Condition(name="queue")
    return Condition(
        name="queue",
        problem="The queue does not answer.",
        detail="The queue does not answer; see REDIS_URL. Uploads are taken all the same, and judged by the sweep.",
    )


def _clock(database: DatabaseAnswer | None, step_s: float) -> Condition:
    offset_s, within_s = (
        (database.clock_offset_s, database.clock_offset_within_s) if database else (None, None)
    )
    faults = []
    if offset_s is not None and abs(offset_s) > clock.LIMIT_S + (within_s or 0.0):
        faults.append(f"The database's clock is {offset_s:+.0f} s from this machine's.")
    if abs(step_s) > clock.LIMIT_S:
        faults.append(
            f"This machine's clock jumped by {step_s:+.0f} s within the last {settings.CLOCK_ALARM_S:.0f} s."
        )
    if not faults:
        return Condition(name="clock")
    detail = " ".join([*faults, "Let both machines keep their clocks by NTP."])
    return Condition(name="clock", problem="A clock is wrong.", detail=detail)


def _disks(disks: tuple[DiskSpace, ...] | None) -> Condition:
    if disks is None:
        return Condition(
            name="disk",
            problem="A folder of the platform gives no answer.",
            detail="A folder gives no answer; see JOULEMARK_DATA_DIR, JOULEMARK_LOG_DIR and JOULEMARK_DATABASE_DIR.",
        )
    full = [disk for disk in disks if disk.free < settings.DISK_ALARM_BYTES]
    if not full:
        return Condition(name="disk")
    detail = " ".join(
        f"The disk of the folder {disk.folder} has {disk.free // MIB} MiB left." for disk in full
    )
    return Condition(name="disk", problem="A disk is nearly full.", detail=detail)
