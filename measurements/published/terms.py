"""Terms of the data: the licence of what is derived here, and what to cite with figures of the published study."""

from __future__ import annotations

from joulemark.suite.published import load_study

LICENCE = "CC-BY-4.0"
"""SPDX name of the licence of volunteers' results and of all that is derived from them."""


def study_citation() -> str:
    """What to cite with figures of the 2024 study and what is recomputed from them."""
    study = load_study().citation
    return f"{', '.join(study.authors)}. {study.title} {study.venue}, {study.year}. doi:{study.doi}"
