"""Moving submissions between states: the one place that writes `Submission.state`, with a row for every move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from measurements.concurrency.bulk_insert import insert_rows
from measurements.intake.models import State, Submission
from measurements.review.models import Transition
from measurements.review.moves import MOVES, Cause


class ImpossibleMove(Exception):
    """A submission cannot become that from the state it is in."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__(f"A result that is {before} cannot become {after}.")


def can_become(before: str, after: str) -> bool:
    """Whether a submission in state `before` may be moved to `after`."""
    return after in MOVES[before]


def move(submissions: Sequence[Submission], after: State, *, cause: Cause, at: datetime) -> None:
    """Move submissions whose rows are locked by this transaction. Raises ImpossibleMove, and then moves none."""
    for submission in submissions:
        if not can_become(submission.state, after):
            raise ImpossibleMove(submission.state, after)
    insert_rows(_rows(submissions, after, cause, at))
    Submission.objects.filter(pk__in=[submission.pk for submission in submissions]).update(state=after)
    for submission in submissions:
        submission.state = after


def _rows(submissions: Iterable[Submission], after: State, cause: Cause, at: datetime) -> list[Transition]:
    return [
        Transition(submission=submission, before=submission.state, after=after, cause=cause, moved_at=at)
        for submission in submissions
    ]
