"""The index of all entries, made once for each state of the tables that it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.answer_cache.version_memo import while_unchanged
from measurements.catalog.sources import CATALOG
from measurements.published.sources import PUBLISHED
from measurements.search.entries import names_of, read_entries
from measurements.search.word_index import MatchLevel, WordIndex

if TYPE_CHECKING:
    from measurements.search.entries import Entry


@dataclass(frozen=True, kw_only=True)
class Matches:
    """The entries that fit, the best first; `is_sure` where a whole word or name is what was looked for."""

    entries: tuple[Entry, ...]
    is_sure: bool


@dataclass(frozen=True, kw_only=True)
class CatalogueIndex:
    """Entries, and the index of their names by the entries' places."""

    entries: list[Entry]
    words: WordIndex

    def find(self, text: str) -> Matches:
        """The entries that fit, the best first; of equally good ones the shorter title."""
        levels = self.words.find(text)
        places = sorted(levels, key=lambda place: (levels[place], len(self.entries[place].title), place))
        return Matches(
            entries=tuple(self.entries[place] for place in places),
            is_sure=min(levels.values(), default=MatchLevel.SLIP) <= MatchLevel.WORDS,
        )


@while_unchanged(CATALOG, PUBLISHED)
def read_index() -> CatalogueIndex:
    """The index of everything that the catalogue and the software have."""
    entries = read_entries()
    return CatalogueIndex(entries=entries, words=WordIndex([list(names_of(entry)) for entry in entries]))


@while_unchanged(CATALOG, PUBLISHED)
def find_entries(text: str) -> Matches:
    """What of the index fits, the texts looked for last being remembered."""
    return read_index().find(text)
