"""What a reader makes of each entry of its input, put together: runs, what is left out, and what cannot be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec

from joulemark.published.errors import BadRow
from joulemark.published.figures import LeftOut, PublishedRuns, Run
from joulemark.published.repeated import without_copies
from joulemark.published.untrusted import settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from joulemark.published.untrusted import LeaveOut

P = ParamSpec("P")


def attempt(read: Callable[P, Run | LeftOut], *args: P.args, **options: P.kwargs) -> Run | LeftOut | BadRow:
    """What `read` makes of an entry; the BadRow that it raises is returned, so that all of them are named at once."""
    try:
        return read(*args, **options)
    except BadRow as problem:
        return problem


def published_runs(
    entries: Iterable[Run | LeftOut | BadRow], *, leave_out: LeaveOut, problems: Sequence[BadRow] = ()
) -> PublishedRuns:
    """The runs without copies of them, and what is left out.

    `problems` are bad rows that were found beside the entries, such as those of a table's form; they are read after the
    last entry. Raises BadRows with all that cannot be trusted and is not left out by name or rule.
    """
    runs: list[Run] = []
    left_out: list[LeftOut] = []
    bad: list[BadRow] = []
    for entry in entries:
        match entry:
            case Run():
                runs.append(entry)
            case LeftOut():
                left_out.append(entry)
            case BadRow():
                bad.append(entry)
    different, again = without_copies(runs)
    return PublishedRuns(runs=different, left_out=(*left_out, *again, *settled([*problems, *bad], leave_out)))
