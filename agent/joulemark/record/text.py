"""Text from outside that is shown to readers must be what it seems."""

from __future__ import annotations

import unicodedata

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that draw nothing or change the order of what is drawn: controls, formats, unassigned, breaks."""


def hidden_characters(text: str) -> str:
    """The characters of `text` that cannot be seen, as code points such as `U+202E`; empty when there is none."""
    hidden = dict.fromkeys(c for c in text if unicodedata.category(c) in HIDDEN)
    return " ".join(f"U+{ord(c):04X}" for c in hidden)
