"""Template filters of cells that every table of a board's rows has: whose value it is, and what it is based on.

A table has a hundred of each: a template would take longer for them than for all the rest of a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.text import slugify

from measurements.display.templatetags.figures import (
    contributor_count,
    device_count,
    kind_name,
    result_count,
    run_count,
    tier_name,
)
from measurements.pages.templatetags.subject_links import model_link

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from measurements.boards.board_row import BoardRow

register = template.Library()


@register.filter
def model_of(row: BoardRow) -> SafeString:
    """A row's model, leading to its page, and its kind."""
    return format_html(
        '<span class="model">{}</span>\n<span class="kind {}">{}</span>',
        model_link(row.model, row.model_title),
        row.kind,
        kind_name(row.kind),
    )


@register.filter
def based_on(row: BoardRow) -> SafeString | str:
    """How many devices, contributors and results a value has, and its tier; of a published figure its runs."""
    if row.is_published:
        return run_count(row.n_results)
    return format_html(
        '<span class="stack">{}</span>\n<span class="stack">{}</span>\n<span class="stack">{}</span>\n'
        '<span class="badge tier {}">{}</span>',
        device_count(row.n_devices or 0),
        contributor_count(row.n_contributors),
        result_count(row.n_results),
        slugify(row.tier),
        tier_name(row.tier),
    )
