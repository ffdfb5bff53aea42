"""Labels out of generated text, and prompts out of templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

UNPARSEABLE = "unparseable"
"""What an answer counts as that names no label; it is never right."""


def first_label(text: str, labels: Iterable[str]) -> str:
    """The label that the first line of `text` names first, or UNPARSEABLE.

    A label is named by a word that begins with it, in any case: `Sports` names sport.
    """
    line = text.strip().partition("\n")[0]
    found = [
        (match.start(), label)
        for label in labels
        if (match := re.search(rf"(?<!\w){re.escape(label)}", line, re.IGNORECASE))
    ]
    return min(found)[1] if found else UNPARSEABLE


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with each `{name}` of `values` replaced; braces within a value, and other braces, stay."""
    names = "|".join(re.escape(name) for name in values)
    return re.sub(rf"\{{({names})\}}", lambda match: values[match[1]], template)
