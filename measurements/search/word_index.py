"""An index of names by their words, small enough to stay in memory: whole words, beginnings, parts, one slip.

All distinct words stand in one text, so that a part of a word is looked for by one search over that text. What is one
slip away from a word agrees with it in the half without the slip: only words that contain such a half are compared.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import IntEnum
from typing import TYPE_CHECKING

from measurements.display.slips import MIN_LETTERS, begins_with_slip, exchanges
from measurements.search.folding import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MIN_PART = 2
"""Letters from which on a part inside a word is looked for; fewer are looked for at its beginning."""
MAX_JOINED = 8
"""Words of a name that are also looked for written together; longer texts are sentences."""
EDGE = "\n"


class MatchLevel(IntEnum):
    """How well an entry fits what is looked for, the best first."""

    NAME = 0
    WORDS = 1
    BEGINNINGS = 2
    PARTS = 3
    SLIP = 4


MatchLevels = dict[int, MatchLevel]
"""By the place of an entry."""


class WordIndex:
    """Entries by the words of their names. An entry is known by its place; it may have several names."""

    def __init__(self, names: Sequence[Iterable[str]]) -> None:
        places: dict[str, set[int]] = {}
        self._whole: dict[str, set[int]] = {}
        for place, names_of_entry in enumerate(names):
            for name in names_of_entry:
                words = words_of(name)
                self._whole.setdefault("".join(words), set()).add(place)
                for word in _looked_for(words):
                    places.setdefault(word, set()).add(place)
        self._words = sorted(places)
        self._places = [places[word] for word in self._words]
        self._text = EDGE + EDGE.join(self._words) + EDGE
        self._starts: list[int] = []
        start = len(EDGE)
        for word in self._words:
            self._starts.append(start)
            start += len(word) + len(EDGE)

    def find(self, text: str) -> MatchLevels:
        """Entries of which each word of `text` fits a word, or all of them written together do; empty for no word."""
        words = words_of(text)
        if not words:
            return {}
        together = "".join(words)
        levels = _all_of([self._levels(word) for word in dict.fromkeys(words)])
        for place, level in self._levels(together).items() if len(words) > 1 else ():
            levels[place] = min(level, levels.get(place, level))
        for place in self._whole.get(together, ()):
            levels[place] = MatchLevel.NAME
        return levels

    def _levels(self, word: str) -> MatchLevels:
        """The entries that have a word which fits `word`."""
        levels: MatchLevels = {}
        for number, level in self._fitting(word):
            for place in self._places[number]:
                if level < levels.get(place, MatchLevel.SLIP + 1):
                    levels[place] = level
        return levels

    def _fitting(self, word: str) -> Iterator[tuple[int, MatchLevel]]:
        """Words by their number, and how `word` fits each; a word may come more than once."""
        for start in self._occurrences(word if len(word) >= MIN_PART else EDGE + word):
            begin = start + (0 if len(word) >= MIN_PART else len(EDGE))
            is_beginning = self._text[begin - 1] == EDGE
            is_end = self._text[begin + len(word)] == EDGE
            level = (
                MatchLevel.PARTS
                if not is_beginning
                else MatchLevel.WORDS
                if is_end
                else MatchLevel.BEGINNINGS
            )
            yield self._number_at(begin), level
        if len(word) >= MIN_LETTERS:
            for number in self._near(word):
                if begins_with_slip(word, self._words[number]):
                    yield number, MatchLevel.SLIP

    def _near(self, word: str) -> set[int]:
        """Numbers of the words that may be one slip away: all that are, and some that are not."""
        half = len(word) // 2
        starts = [start + len(EDGE) for start in self._occurrences(EDGE + word[:half])]
        starts += self._occurrences(word[half:])
        for exchanged in exchanges(word):
            starts += [start + len(EDGE) for start in self._occurrences(EDGE + exchanged)]
        return {self._number_at(start) for start in starts}

    def _occurrences(self, part: str) -> Iterator[int]:
        start = self._text.find(part)
        while start >= 0:
            yield start
            start = self._text.find(part, start + 1)

    def _number_at(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1


def _looked_for(words: tuple[str, ...]) -> set[str]:
    """Each word of a name, and the words from each on written together."""
    if len(words) > MAX_JOINED:
        return set(words)
    return {*words, *("".join(words[first:]) for first in range(len(words)))}


def _all_of(levels: list[MatchLevels]) -> MatchLevels:
    """The entries that every word fits, each by the word that fits it worst."""
    common = set(levels[0]).intersection(*levels[1:])
    return {place: max(each[place] for each in levels) for place in common}
