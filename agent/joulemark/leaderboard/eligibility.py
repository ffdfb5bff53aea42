"""Which results may count: the one definition that pages, API, releases and a replay share; and how states come about.

A state follows from the log alone: from the verdicts, the moderators' decisions and the withdrawal of a result, in the
order of their entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joulemark.log.leaf import Fact

ELIGIBLE = ("accepted",)
"""States in which a result counts."""

COMPARABLE = ("accepted", "quarantined")
"""States in which a result is one that others are held against by the rules."""

WITHDRAWN = "withdrawn"
NEW_RULES = "new-rules"
"""The cause of a verdict that was given because the rules have changed."""
REPORTED = "reported"
"""The cause of a verdict that was given because the runs announced beside a result have been reported."""
KEEPS_DECISIONS = (NEW_RULES, REPORTED)
"""Causes of verdicts that leave a result where a person has put it."""

VERDICT, MODERATION, WITHDRAWAL = "verdict", "moderation", "withdrawal"
DECISION_KINDS = (VERDICT, MODERATION, WITHDRAWAL)
"""Kinds of entries of the log that move a result to another state."""


class StateOfResult:
    """The state of one result, as its entries are read one after the other; None before the first."""

    def __init__(self, state: str | None = None, *, is_moderated: bool = False) -> None:
        self.state = state
        self.is_moderated = is_moderated

    def apply(self, kind: str, facts: Mapping[str, Fact]) -> str:
        """The state after an entry of one of `DECISION_KINDS`. Raises KeyError for one that states none."""
        state = WITHDRAWN if kind == WITHDRAWAL else str(facts["state"])
        self.is_moderated = self.is_moderated or kind == MODERATION
        if kind == VERDICT and facts.get("cause") in KEEPS_DECISIONS and self.is_moderated and self.state:
            return self.state  # what a person has decided, such a verdict does not undo
        self.state = state
        return state
