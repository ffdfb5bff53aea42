"""How the kinds of models are drawn: each has a shape and a colour of its own, and nothing else has one of theirs."""

from __future__ import annotations

from measurements.display.choices import ModelKind

RATIO = "ratio"
"""What a plot draws that is of no model: a ratio of energies."""

EVERYDAY = "everyday"
"""What a ladder draws beside answers of models: a phone charge, a lamp, a search."""

NEUTRAL = RATIO
"""The shape of a mark in a legend that says nothing of a kind."""

CIRCLE = '<circle r="5.5"/>'
SHAPES = {
    ModelKind.TASK_SPECIFIC.value: CIRCLE,
    ModelKind.GENERAL_PURPOSE.value: '<path d="M0-7 7 0 0 7-7 0z"/>',
    ModelKind.UNKNOWN.value: '<path d="M0-6.5 6.5 5.5-6.5 5.5z"/>',
    RATIO: CIRCLE,
    EVERYDAY: '<path d="M-5-5h10v10h-10z"/>',
}
"""Outlines around a mark's middle, in pixels, by the class of the style sheet that colours them."""

CORE = '<circle class="core" r="1.8"/>'
"""Inside the mark of an estimate."""


def shape_of(kind: str) -> str:
    """The shape of a kind. Raises KeyError for what is none: a kind is never guessed."""
    if kind not in SHAPES:
        raise KeyError(kind)
    return kind
