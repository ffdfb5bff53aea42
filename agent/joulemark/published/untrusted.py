"""Rows that cannot be trusted: they refuse the whole input, or are left out where somebody names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from joulemark.published.errors import BadRow, BadRows, Rule, UnreadableInput
from joulemark.published.figures import LeftOut

if TYPE_CHECKING:
    from collections.abc import Sequence

EVERY = "untrusted"
RULES: tuple[str, ...] = get_args(Rule)


@dataclass(frozen=True)
class LeaveOut:
    """Which rows that cannot be trusted are left out: by place (`log.csv:12`), by rule, or `untrusted` for all."""

    names: frozenset[str] = frozenset()

    def covers(self, problem: BadRow) -> bool:
        """Whether this row is one of them."""
        return bool(self.names & {EVERY, problem.rule, problem.where})


NOBODY = LeaveOut()


def settled(problems: Sequence[BadRow], leave_out: LeaveOut) -> list[LeftOut]:
    """The rows that are left out, with their reasons.

    Raises BadRows with all others, and UnreadableInput for a name that no such row has.
    """
    unused = leave_out.names - {EVERY, *RULES, *(problem.where for problem in problems)}
    if unused:
        raise UnreadableInput(
            f"--leave-out-rows names {', '.join(sorted(unused))}, and no row that cannot be trusted is there. Name a "
            f"place such as log.csv:12, one of the rules {', '.join(RULES)}, or the word {EVERY}."
        )
    refused = [problem for problem in problems if not leave_out.covers(problem)]
    if refused:
        raise BadRows(refused)
    return [
        LeftOut(where=problem.where, what=problem.reason, reason=f"cannot be trusted ({problem.rule})")
        for problem in problems
    ]
