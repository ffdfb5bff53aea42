"""Contributors by their pseudonym or the words of their display name: whole, beginnings, or with one slip.

Every step is a look-up in an index, so that it costs the same for a million contributors as for ten.
"""

from __future__ import annotations

import re
from string import ascii_lowercase, digits

from measurements.contributors.models import Contributor, NameWord
from measurements.contributors.name_words import name_words
from measurements.display.slips import MIN_LETTERS, begins_with_slip, one_slip_apart

MAX_CANDIDATES = 200
"""Contributors that are looked at behind one word; whoever looks for one of more writes more of the name."""
MIN_WORD = 2
"""Letters of a word from which on a beginning is looked for."""
MAX_LETTERS = 24
"""Letters of a word up to which slips are looked for: there are some hundred at each of its places."""
PSEUDONYM = re.compile(r"v-?([0-9a-f]{2,12})|([0-9a-f]{4,12})", re.ASCII)
HEX = "0123456789abcdef"
LETTERS = ascii_lowercase + digits + "абвгдежзийклмнопрстуфхцчшщъыьэюя"
"""What a typist hits by mistake; a name in another script is found without slips."""


def find_contributors(text: str, *, with_slips: bool = True) -> list[Contributor]:
    """The contributors that fit, those of a fitting pseudonym first; in seven queries at most.

    `with_slips`: also those a slip away, where nobody fits without; each such word is a thousand look-ups and more.
    """
    pseudonyms = _with_pseudonym(text.casefold().strip(), with_slips=with_slips)
    return list(dict.fromkeys([*pseudonyms, *_with_name(text, with_slips=with_slips)]))


def _with_pseudonym(text: str, *, with_slips: bool) -> list[Contributor]:
    match = PSEUDONYM.fullmatch(text)
    if match is None:
        return []
    digits_of_key = match[1] or match[2]
    rows = Contributor.objects.order_by("pseudonym")
    fitting = list(rows.filter(pseudonym__startswith=f"v-{digits_of_key}")[:MAX_CANDIDATES])
    if fitting or not with_slips or len(digits_of_key) < MIN_LETTERS:
        return fitting
    variants = [f"v-{variant}" for variant in one_slip_apart(digits_of_key, HEX)]
    return list(rows.filter(pseudonym__in=variants)[:MAX_CANDIDATES])


def _with_name(text: str, *, with_slips: bool) -> list[Contributor]:
    """Those whose name has a word for each word of the text. The longest word finds them, the others are compared."""
    words = name_words(text)
    if not words:
        return []
    separate, together = (words[:-1], words[-1]) if len(words) > 1 else (words, words[0])
    leading = max(separate, key=len)
    rows = [
        row for word in dict.fromkeys([leading, together]) for row in _behind(word, with_slips=with_slips)
    ]
    return [row for row in rows if _fits(row, separate, together)]


def _behind(word: str, *, with_slips: bool) -> list[Contributor]:
    """Contributors with this word in their name, else with one that begins so, else with one that is a slip away."""
    if len(word) < MIN_WORD:
        return []
    rows = NameWord.objects.select_related("contributor")
    fitting = [
        row.contributor
        for selection in (rows.filter(word=word), rows.filter(word__startswith=word))
        for row in selection[:MAX_CANDIDATES]
    ]
    if fitting or not (with_slips and MIN_LETTERS <= len(word) <= MAX_LETTERS):
        return fitting
    near = rows.filter(word__in=one_slip_apart(word, LETTERS))
    return [row.contributor for row in near[:MAX_CANDIDATES]]


def _fits(contributor: Contributor, separate: list[str], together: str) -> bool:
    """Whether each word fits one of the name as it is shown now."""
    if contributor.shown_name == contributor.pseudonym:
        return False
    words = name_words(contributor.shown_name)
    is_together = any(_is_near(together, word) for word in words)
    return is_together or all(any(_is_near(part, word) for word in words) for part in separate)


def _is_near(part: str, word: str) -> bool:
    return word.startswith(part) or (len(part) >= MIN_LETTERS and begins_with_slip(part, word))
