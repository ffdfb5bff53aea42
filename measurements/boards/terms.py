"""The terms of every download, and what to cite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measurements.published.terms import study_citation

if TYPE_CHECKING:
    from measurements.boards.series import Series


def licence_of(series: Series) -> str:
    """The licence of a series' rows: a published series keeps that of its publisher."""
    return series.licence


def citation_of(series: Series) -> str:
    """What a published series asks to be cited with; empty for volunteers' results."""
    if series.facts is None:
        return ""
    if not series.is_study:
        return " ".join(word for word in (f"{series.facts.source}.", series.facts.url) if word)
    return study_citation()
