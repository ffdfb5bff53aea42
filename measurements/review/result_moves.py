"""When results began or ceased to count, and by which rule or whom: moves between states, latest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from measurements.intake.models import State
from measurements.review.models import Transition
from measurements.review.moves import RETIRED, Cause
from measurements.review.state_reasons import reason_of, reasons_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from measurements.catalog.models import Task
    from measurements.review.models import Result


@dataclass(frozen=True, kw_only=True)
class Move:
    """A result came to a state from another: added where it counts since, taken back where it counted before.

    `codes` are those of the rules that rejected or quarantined it, `reason` a person's: a moderator's or its
    contributor's, "" where none gave one. `result` has its numbers, None where it was rejected before it had any.
    """

    id: int
    result_id: str
    before: str
    after: str
    cause: str
    codes: tuple[str, ...]
    reason: str
    at: datetime
    result: Result | None

    @property
    def is_added(self) -> bool:
        """Whether the result counts since."""
        return self.after == State.ACCEPTED

    @property
    def cause_title(self) -> str:
        """What led to the move, for one that has no reason of its own."""
        return str(Cause(self.cause).label)


def latest_retirements(limit: int) -> list[Move]:
    """The last `limit` moves of results into a state in which they do not count any more."""
    return [
        move_of(row)
        for row in with_reasons(Transition.objects.filter(after__in=RETIRED).order_by("-id"))[:limit]
    ]


def with_reasons(transitions: QuerySet[Transition]) -> QuerySet[Transition]:
    """Transitions with all that `move_of` reads, in a number of queries that does not grow."""
    return transitions.select_related(
        "submission__withdrawal", "submission__result__task", "submission__result__dataset",
        "submission__result__model", "submission__result__hardware_class", "submission__result__suite",
    ).defer("submission__bundle", "submission__receipt").prefetch_related(*reasons_of("submission__"))  # fmt: skip


def move_of(row: Transition) -> Move:
    """A transition with its reasons."""
    submission = row.submission
    reason = reason_of(submission, state=row.after, until=row.moved_at)
    return Move(
        id=row.pk,
        result_id=row.submission_id,
        before=row.before,
        after=row.after,
        cause=row.cause,
        codes=reason.codes,
        reason=reason.words,
        at=row.moved_at,
        result=getattr(submission, "result", None),
    )


def moves_on_board(
    *, suite: str, version: str, grade: str, task: Task, since: datetime, until: datetime
) -> QuerySet[Transition]:
    """Moves by which results of a board began or ceased to count after `since`, until `until`; latest first."""
    counts = Q(after=State.ACCEPTED) | Q(before=State.ACCEPTED)
    rows = Transition.objects.filter(
        counts,
        moved_at__gt=since,
        moved_at__lte=until,
        submission__result__suite__name=suite,
        submission__result__suite__version=version,
        submission__result__grade=grade,
        submission__result__task=task,
    ).order_by("-id")
    return with_reasons(rows)
