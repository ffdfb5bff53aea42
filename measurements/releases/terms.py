"""What every download says about itself: the terms and what to cite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.suite.published import load_study

if TYPE_CHECKING:
    from measurements.boards.series import Series

LICENCE = "CC-BY-4.0"
"""SPDX name of the licence of all data."""


def citation_of(series: Series) -> str:
    """The article behind a published series; empty for volunteers' results."""
    if series.grade != "published":
        return ""
    study = load_study().citation
    return f"{', '.join(study.authors)}. {study.title} {study.venue}, {study.year}. doi:{study.doi}"
