"""Labels out of generated text, whether labels of two sides can meet, and prompts out of templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

UNPARSEABLE = "unparseable"
"""What an answer counts as that names no label; it is never right."""

UNKNOWN = "labels-unknown"
"""Why answers are not scored: the labels of one side are numbers, and nobody says what they mean."""

APART = "labels-do-not-meet"
"""Why answers are not scored: most of the data set's classes are none that the model can name."""

PLACEHOLDER = re.compile(r"LABEL_\d+")
"""How transformers names the classes of a model that names none itself."""


def obstacle(right: Iterable[str], sayable: Iterable[str]) -> str | None:
    """Why answers out of `sayable` cannot be scored against the classes `right`; None if they can.

    Half of the classes must be sayable, so that a model that knows two sentiments is scored on data with three. A score
    of 0 would say that the model is always wrong, where it was never asked.
    """
    classes, names = set(right), set(sayable)
    if not classes or 2 * len(classes & names) >= len(classes):
        return None
    if all(PLACEHOLDER.fullmatch(label) for label in names) or all(label.isdecimal() for label in classes):
        return UNKNOWN
    return APART


def first_label(text: str, labels: Iterable[str]) -> str:
    """The label that the first line of `text` names first, or UNPARSEABLE.

    A label is named by a word that begins with it, in any case: `Sports` names sport.
    """
    line = text.strip().partition("\n")[0]
    mentions = [
        (match.start(), label)
        for label in labels
        if (match := re.search(rf"(?<!\w){re.escape(label)}", line, re.IGNORECASE))
    ]
    return min(mentions)[1] if mentions else UNPARSEABLE


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with each `{name}` of `values` replaced; braces within a value, and other braces, stay."""
    names = "|".join(re.escape(name) for name in values)
    return re.sub(rf"\{{({names})\}}", lambda match: values[match[1]], template)
