"""One slip of a typist: a letter too many, too few, a wrong one, or two neighbours exchanged (Damerau 1964)."""

from __future__ import annotations

MIN_LETTERS = 4
"""Letters of a word from which on a slip is looked for: with fewer, nearly every short word is one slip away."""


def begins_with_slip(text: str, word: str) -> bool:
    """Whether `word` begins with `text`, but for one slip at most.

    The slip lies at the first letter in which the two differ, or can be moved there without changing either.
    """
    place = 0
    for left, right in zip(text, word, strict=False):
        if left != right:
            break
        place += 1
    if place == len(text):
        return True
    rest = text[place + 1 :]
    return (
        word.startswith(rest, place)  # text has a letter too many
        or (place < len(word) and word.startswith(rest, place + 1))  # another letter
        or (place < len(word) and word.startswith(text[place:], place + 1))  # text lacks a letter
        or (len(rest) > 0 and word.startswith(rest[0] + text[place] + rest[1:], place))  # two are exchanged
    )


def exchanges(text: str) -> list[str]:
    """The text with each pair of neighbours exchanged."""
    return [
        text[:place] + text[place + 1] + text[place] + text[place + 2 :] for place in range(len(text) - 1)
    ]


def one_slip_apart(word: str, letters: str) -> list[str]:
    """Every word from which one slip leads to this one, written with `letters` where it has another or one more."""
    cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    variants = {before + after[1:] for before, after in cuts if after}
    variants.update(exchanges(word))
    variants |= {before + letter + after[1:] for before, after in cuts if after for letter in letters}
    variants |= {before + letter + after for before, after in cuts for letter in letters}
    return sorted(variants - {word})
