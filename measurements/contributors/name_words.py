"""The words of a display name as the search looks for them: what an eye can tell apart, word by word and together."""

from __future__ import annotations

from joulemark.record.display_name import skeleton

MAX_LETTERS = 60


def name_words(text: str) -> list[str]:
    """The words of a name's skeleton, each once; several also written together."""
    words = skeleton(text).split()
    return list(dict.fromkeys(word[:MAX_LETTERS] for word in (*words, "".join(words)) if word))
