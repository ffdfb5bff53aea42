"""The words of a name as the search compares them: without case, accents and signs between them."""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """The text in compatibility form (NFKD), lower case and without accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", decomposed)
        if unicodedata.category(character)[0] != "M"
    )


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in their order: runs of letters and digits, folded."""
    return tuple(WORD.findall(fold(text)))
