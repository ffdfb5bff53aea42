"""The one refusal of the consensus room."""

from __future__ import annotations


class ImpossibleValue(ValueError):
    """A number that no measurement can be, or none at all; `str(error)` says which and why."""
