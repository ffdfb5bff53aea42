"""Template tags for the links of a board's row: to its cell, and to the results behind it."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from django import template
from django.template import Context

from measurements.boards.board_row import BoardRow
from measurements.published.models import STUDY
from measurements.web.as_of import path_of
from measurements.web.templatetags.moments import moment_url

register = template.Library()


@register.simple_tag(takes_context=True)
def cell_url(context: Context, row: BoardRow) -> str:
    """The page of a row's cell, as of the moment that the board shows."""
    key = {name: getattr(row, name) for name in ("dataset", "model", "hardware", "scope", "stratum")}
    return moment_url(context, "cell", row.series, row.task, **key)


@register.simple_tag
def results_url(row: BoardRow) -> str:
    """The list of accepted results, narrowed to those of a row's cell."""
    names = ("task", "dataset", "model", "hardware", "grade", "scope", "stratum")
    query = {"state": "accepted"} | {name: getattr(row, name) for name in names}
    return f"{path_of('results')}?{urlencode(query, quote_via=quote, safe='/')}"


@register.simple_tag(takes_context=True)
def source_url(context: Context, row: BoardRow) -> str:
    """Where a published row comes from: the study's sources, or the page of its series."""
    if row.series == STUDY:
        return f"{path_of('about')}#source-{row.source}"
    return moment_url(context, "published", row.series)
