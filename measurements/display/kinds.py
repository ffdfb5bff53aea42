"""How the kinds of models are drawn: each has a shape and a colour of its own, and nothing else has one of theirs."""

from __future__ import annotations

from measurements.display.choices import ModelKind

RATIO = "ratio"
"""What a plot draws that is of no model: a ratio of energies."""

SHAPES = {kind: kind for kind in (*ModelKind.values, RATIO)}
"""Classes of the style sheet, which `_mark.html` draws."""


def shape_of(kind: str) -> str:
    """The shape of a kind. Raises KeyError for what is none: a kind is never guessed."""
    return SHAPES[kind]
