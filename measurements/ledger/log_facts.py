"""The facts that leaves record, as the live tables have them. Each app registers a reader for its own kinds.

A leaf's facts commit to its row. A reader computes them again from the row, so that whoever edits, deletes or swaps
rows behind the log is seen by anyone who compares (`/api/v1/log/rows/`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from joulemark.log import leaf as entries
from joulemark.record.errors import RecordError
from measurements.ledger.facts import RowFacts, entry_facts
from measurements.ledger.models import Leaf


@dataclass(frozen=True)
class Recorded:
    """What a reader states of a row: whom it is about, and its facts."""

    subject: str
    facts: RowFacts


@dataclass(frozen=True)
class CurrentRow:
    """The same as an entry holds it."""

    subject: str
    facts: entries.Facts


Reader = Callable[[Collection[Leaf]], Mapping[int, Recorded]]
"""Takes leaves of one kind; what their rows say, by the leaf's id. A leaf whose row is gone is left out."""

_readers: dict[str, Reader] = {}


def register(kind: str, reader: Reader) -> None:
    """Have `reader` asked for leaves of `kind`. Called once a kind, when Django starts."""
    _readers[kind] = reader


def read_rows(leaves: Collection[Leaf]) -> dict[int, CurrentRow]:
    """What the tables say about each of `leaves`, by the leaf's id, in the words of its entry where they are the same.

    Of what nobody keeps there is nothing.
    """
    rows = current_rows(leaves)
    return {leaf.pk: _as_written(leaf, rows[leaf.pk]) for leaf in leaves if leaf.pk in rows}


def current_rows(leaves: Collection[Leaf]) -> dict[int, CurrentRow]:
    """The same in the words that a leaf written now would have."""
    by_kind: dict[str, list[Leaf]] = defaultdict(list)
    for leaf in leaves:
        by_kind[leaf.kind].append(leaf)
    rows: dict[int, CurrentRow] = {}
    for kind, same in by_kind.items():
        if kind in _readers:
            recorded = _readers[kind](same)
            rows |= {pk: CurrentRow(row.subject, entry_facts(row.facts)) for pk, row in recorded.items()}
    return rows


def _as_written(leaf: Leaf, row: CurrentRow) -> CurrentRow:
    """What is compared with the entry: the leaf's own column goes first where it is not what the body says.

    Entries of version 1 hold fewer facts, and some in other words: what both have is compared. Entries of before held
    times in the zone that they came with: the same moment is the same fact.
    """
    try:
        entry = leaf.entry()
    except RecordError:
        return row  # the body was edited: whoever compares sees that
    subject = row.subject if leaf.subject == entry.subject else leaf.subject
    facts = {
        name: entry.facts[name] if entries.is_same_fact(value, entry.facts.get(name)) else value
        for name, value in row.facts.items()
    }
    if entry.version != 1:
        return CurrentRow(subject, facts)
    return CurrentRow(subject, {name: facts.get(name, entry.facts[name]) for name in entry.facts})
