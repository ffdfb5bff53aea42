"""How the platform is, in numbers and in words; nothing here counts a whole table."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection
from django.db.models import Sum
from django.utils import timezone

from measurements.intake.models import RefusalCount
from measurements.ledger.health import copies, is_broken, is_outdated, last_checkpoint, witnesses
from measurements.monitoring.conditions import UNKNOWN, Condition, read_readiness
from measurements.monitoring.periodic_runs import WATCH, run_ages
from measurements.monitoring.result_times import board_lag_s
from measurements.review.health import Attempts, attempts, given_up, waiting

if TYPE_CHECKING:
    from measurements.ledger.health import CopyHealth, LastCheckpoint, WitnessHealth
    from measurements.monitoring.conditions import Readiness
    from measurements.monitoring.periodic_runs import RunAge
    from measurements.review.health import QueueWait

logger = logging.getLogger(__name__)

FOR_PEOPLE = frozenset({"moderator", "appeal"})
"""What waits for a person: an alarm where it waits too long, but the platform is not ill by it."""
LATE = {
    "verdict": ("verdicts", "A result has waited too long for its verdict."),
    "judging": ("judging", "A result has been in judging for too long."),
    "checkpoint": ("checkpoints", "A leaf has waited too long for a checkpoint."),
}
"""By what is waited for: the name of the condition, and its problem."""


@dataclass(frozen=True, kw_only=True)
class WorkState:
    """What the database says of the work: None of it is known while the database does not answer."""

    waiting: tuple[QueueWait, ...]
    is_log_broken: bool
    is_log_outdated: bool
    copies: tuple[CopyHealth, ...]
    witnesses: tuple[WitnessHealth, ...]
    checkpoint: LastCheckpoint | None
    runs: tuple[RunAge, ...]
    given_up: list[str]
    attempts: Attempts
    refusals_today: dict[str, int]
    board_lag_s: float | None


@dataclass(frozen=True, kw_only=True)
class Health:
    """Everything at one moment. `conditions` are those of readiness and those of the work."""

    readiness: Readiness
    conditions: tuple[Condition, ...]
    work: WorkState | None

    @property
    def is_well(self) -> bool:
        """Whether all that machines must do is done; what waits for a person does not count."""
        return all(condition.holds for condition in self.conditions)

    def condition(self, name: str) -> Condition:
        """The condition of this name."""
        return next(condition for condition in self.conditions if condition.name == name)


def read_health() -> Health:
    """Ask everything; within two seconds, whatever is away."""
    readiness = read_readiness()
    work = _read_work() if readiness.database is not None else None
    return Health(readiness=readiness, conditions=(*readiness.conditions, *_conditions_of(work)), work=work)


def _read_work() -> WorkState | None:
    try:
        return WorkState(
            waiting=waiting(),
            is_log_broken=is_broken(),
            is_log_outdated=is_outdated(),
            copies=tuple(copies()),
            witnesses=tuple(witnesses()),
            checkpoint=last_checkpoint(),
            runs=run_ages(),
            given_up=given_up(),
            attempts=attempts(),
            refusals_today=_refusals_today(),
            board_lag_s=board_lag_s(),
        )
    except DatabaseError as error:  # a table is missing, or the database has just gone
        connection.close_if_unusable_or_obsolete()
        logger.warning("the state of the work cannot be read (%s)", type(error).__name__)
        return None


def _refusals_today() -> dict[str, int]:
    rows = RefusalCount.objects.filter(day=timezone.now().date()).values_list("code")
    return {code: int(n or 0) for code, n in rows.annotate(n=Sum("count")).order_by("code")}


def _conditions_of(work: WorkState | None) -> tuple[Condition, ...]:
    names = ("log", "sweeps", *(name for name, _ in LATE.values()))
    if work is None:
        return tuple(Condition(name=name, problem=UNKNOWN, is_unknown=True) for name in names)
    late = [
        run for run in work.runs if run.is_late and run.name != WATCH
    ]  # who calls nobody does nothing else wrong
    of_log = (
        "The platform was restored from a backup; it signs and receives nothing until its log is resumed."
        if work.is_log_outdated
        else "The log is broken: nothing more is signed, or what is published is none of its checkpoints."
    )
    detail = "; ".join(f"{run.name} has not ended well for {run.waited_s:.0f} s" for run in late)
    return (
        Condition(name="log", problem=of_log if work.is_log_broken else ""),
        Condition(
            name="sweeps",
            problem="Periodic work is late." if late else "",
            detail=f"Periodic work is late: {detail}." if late else "",
        ),
        *(_lateness(wait) for wait in work.waiting if wait.what in LATE),
    )


def _lateness(wait: QueueWait) -> Condition:
    name, problem = LATE[wait.what]
    if not wait.is_alarm:
        return Condition(name=name)
    return Condition(
        name=name, problem=problem, detail=f"{problem} {wait.count} wait, for {wait.oldest_s:.0f} s."
    )
