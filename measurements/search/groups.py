"""What a search finds, kind by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.search.catalogue_index import find_entries
from measurements.search.entries import EntryKind
from measurements.search.subjects import find_people, find_results

if TYPE_CHECKING:
    from measurements.search.entries import Entry

MAX_ENTRIES = 12
"""Entries of one kind that a page lists."""


@dataclass(frozen=True, kw_only=True)
class EntryGroup:
    """The best entries of one kind, and how many more there are; of people and results at least so many."""

    kind: EntryKind
    entries: list[Entry]
    n_more: int


def search_groups(text: str) -> list[EntryGroup]:
    """The groups that have an entry: that of the best one first, the others in the order of the kinds.

    Names of people are looked for with a slip only where nothing else is called so: that asks for some thousand words.
    """
    matches = find_entries(text)
    entries = [*matches.entries, *find_people(text, with_slips=not matches.is_sure), *find_results(text)]
    by_kind: dict[EntryKind, list[Entry]] = {kind: [] for kind in EntryKind}
    for entry in entries:
        by_kind[entry.kind].append(entry)
    first = entries[0].kind if entries else None
    kinds = sorted(by_kind, key=lambda kind: kind != first)
    return [
        EntryGroup(kind=kind, entries=by_kind[kind][:MAX_ENTRIES], n_more=max(0, len(by_kind[kind]) - MAX_ENTRIES))
        for kind in kinds
        if by_kind[kind]
    ]  # fmt: skip
