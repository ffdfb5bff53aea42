"""The one door for facts: what an app states of a row becomes what an entry holds, at the write and whenever asked.

A builder of facts hands over the row's values as they are and formats none. So the log never hashes a value in a form
that the row cannot give back: a time, for one, has one form, whatever zone it came with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from joulemark.log.leaf import Fact

RowFacts = Mapping[str, Fact | datetime | None]
"""What a builder states of a row; None for a time that the row does not have."""


def entry_facts(facts: RowFacts) -> dict[str, Fact]:
    """The same as an entry holds them: times as `moment` writes them."""
    return {
        name: moment(value) if value is None or isinstance(value, datetime) else value
        for name, value in facts.items()
    }


def moment(at: datetime | None) -> str:
    """A time as entries hold it: ISO 8601 in UTC, to the microsecond; empty for none."""
    return "" if at is None else at.astimezone(UTC).isoformat()
