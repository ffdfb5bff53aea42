"""What the live tables say today about that which leaves record. Each app registers a reader for its own kinds.

A leaf's facts commit to its row. A reader computes them again from the row, so that whoever edits, deletes or swaps
rows behind the log is seen by anyone who compares (`/api/v1/log/rows/`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from joulemark.log import leaf as entries
from joulemark.record.errors import RecordError
from measurements.ledger.models import Leaf
from measurements.ledger.services import Facts


@dataclass(frozen=True)
class Recorded:
    """What a row says: whom it is about, and its facts."""

    subject: str
    facts: Facts


Reader = Callable[[Collection[Leaf]], Mapping[int, Recorded]]
"""Takes leaves of one kind; what their rows say, by the leaf's id. A leaf whose row is gone is left out."""

_readers: dict[str, Reader] = {}


def register(kind: str, reader: Reader) -> None:
    """Have `reader` asked for leaves of `kind`. Called once a kind, when Django starts."""
    _readers[kind] = reader


def read_rows(leaves: Collection[Leaf]) -> dict[int, Recorded]:
    """What the tables say about each of `leaves`, by the leaf's id; of what nobody keeps there is nothing."""
    by_kind: dict[str, list[Leaf]] = defaultdict(list)
    for leaf in leaves:
        by_kind[leaf.kind].append(leaf)
    found: dict[int, Recorded] = {}
    for kind, same in by_kind.items():
        if kind in _readers:
            found |= _readers[kind](same)
    return {leaf.pk: _as_written(leaf, found[leaf.pk]) for leaf in leaves if leaf.pk in found}


def _as_written(leaf: Leaf, recorded: Recorded) -> Recorded:
    """What is compared with the entry: the leaf's own column goes first where it is not what the body says.

    Entries of version 1 hold fewer facts, and some in other words: what both have is compared.
    """
    try:
        entry = entries.decode(leaf.body.encode())
    except RecordError:
        return recorded  # the body was edited: whoever compares sees that
    subject = recorded.subject if leaf.subject == entry.subject else leaf.subject
    if entry.version != 1:
        return Recorded(subject, recorded.facts)
    return Recorded(subject, {name: recorded.facts.get(name, entry.facts[name]) for name in entry.facts})


def moment(at: datetime | None) -> str:
    """A time as facts hold it: ISO 8601 in UTC; empty for none."""
    return "" if at is None else at.astimezone(UTC).isoformat()
