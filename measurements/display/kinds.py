"""How the kinds of models are drawn: each has a shape and a colour of its own, and nothing else has one of theirs."""

from __future__ import annotations

RATIO = "ratio"
"""What a plot draws that is of no model: a ratio of energies."""

SHAPES = {
    "task-specific": "task-specific",
    "general-purpose": "general-purpose",
    "unknown": "unknown",
    RATIO: "ratio",
}
"""Classes of the style sheet, which `_mark.html` draws."""


def shape_of(kind: str) -> str:
    """The shape of a kind. Raises KeyError for what is none: a kind is never guessed."""
    return SHAPES[kind]
