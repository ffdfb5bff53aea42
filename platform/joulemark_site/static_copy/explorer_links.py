"""Where the explorer shows what a page of the platform would be asked for: a table, and filters of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.urls import ResolverMatch

TABLES: Mapping[str, str] = {
    "models": "models",
    "hardware-classes": "hardware",
    "datasets": "datasets",
    "rules": "rules",
    "comparisons": "comparisons",
    "comparison": "comparisons",
    "published": "published_figures",
    "result": "results",
    "results": "results",
    "contributor": "results",
}
"""The table that a view's rows are in; of every other view these are values of boards, which are in `CELLS`."""
CELLS = "cells"
FILTERS: Mapping[str, str] = {
    "series": "series",
    "task": "task",
    "model": "model",
    "hardware": "hardware",
    "dataset": "dataset",
    "result_id": "result_id",
    "pseudonym": "contributor",
}
"""Columns by the parts of an address that name their values."""
EXACTLY = "="
"""Begins a filter that a value must equal; any other must be within it."""


def explorer_question(match: ResolverMatch | None) -> str:
    """The fragment under which the explorer shows the rows of a page."""
    if match is None:
        return urlencode({"table": CELLS})
    table = TABLES.get(match.url_name or "", CELLS)
    filters = {
        FILTERS[part]: f"{EXACTLY}{value}"
        for part, value in match.kwargs.items()
        if part in FILTERS and value
    }
    if table not in {CELLS, "results", "comparisons"}:
        filters = {}
    return urlencode({"table": table, **filters})
