"""Text for files that other programs read: feeds, badges, citations, structured data. It is always one line."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

MAX_LENGTH = 300
"""Characters of one title or name; more of it would be somebody's attempt to fill a page."""
ELLIPSIS = "…"
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They change the direction of what stands around them (Unicode Standard Annex 9)."""
UNWANTED_CATEGORIES = frozenset({"Cc", "Cs"})
"""Controls and halves of surrogate pairs, for which XML has no place (XML 1.0, 2.2)."""
WHITE_SPACE = re.compile(r"\s+")
IN_SCRIPT = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})
"""What could end a script element, or a line of one."""


def plain_text(value: object, *, limit: int = MAX_LENGTH) -> str:
    """One line without control characters and marks of direction, at most `limit` characters; letters stay."""
    line = WHITE_SPACE.sub(" ", str(value)).strip()[: limit * 8]
    text = WHITE_SPACE.sub(" ", "".join(filter(_is_wanted, line))).strip()
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}{ELLIPSIS}"


def _is_wanted(c: str) -> bool:
    if c in BIDI_CONTROLS or unicodedata.category(c) in UNWANTED_CATEGORIES:
        return False
    return not (ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF)  # noncharacters


def json_in_script(value: Any) -> str:
    """JSON as it may stand inside a script element: no `<`, `>` or `&` in it (HTML, 4.12.1.3)."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).translate(IN_SCRIPT)
