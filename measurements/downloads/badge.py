"""A badge of one value: an SVG on an absolute scale, the same for every model, with interval, grade and date."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.requested_rows import requested_row
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.display.templatetags.figures import figure
from measurements.downloads.feed_entries import energy_of, subject_of
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import honours_as_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from measurements.boards.board_row import BoardRow

LOWEST_DECADE, HIGHEST_DECADE = -3, 4
"""The scale of every badge: 0.001 to 10,000 Wh per 1,000 queries, logarithmic. A value beyond stands at its end."""
LEFT, RIGHT = 12.0, 208.0
"""Where the scale begins and ends, in the badge's pixels."""
MARK_WIDTH = 2.0
"""The least width of an interval that can be seen, in pixels."""


@dataclass(frozen=True, kw_only=True)
class Badge:
    """Positions in pixels; `low_x` and `width` are the interval's, None where there is none."""

    row: BoardRow
    value: str
    ends: str
    title: str
    x: float
    low_x: float | None
    width: float | None
    decades: list[float]


def position(wh_per_1000: float) -> float:
    """Where an energy stands on the scale."""
    decade = min(max(log10(wh_per_1000), LOWEST_DECADE), HIGHEST_DECADE) if wh_per_1000 > 0 else LOWEST_DECADE
    share = (decade - LOWEST_DECADE) / (HIGHEST_DECADE - LOWEST_DECADE)
    return round(LEFT + share * (RIGHT - LEFT), 2)


def badge_of(row: BoardRow) -> Badge:
    """The badge of a row."""
    low, high = row.low_wh_per_1000, row.high_wh_per_1000
    has_interval = low is not None and high is not None
    low_x = position(low) if low is not None and high is not None else None
    width = max(position(high) - low_x, MARK_WIDTH) if low_x is not None and high is not None else None
    return Badge(
        row=row,
        value=gettext("{value} Wh per 1,000 queries").format(value=figure(row.energy_wh_per_1000)),
        ends=f"{figure(low)} – {figure(high)}" if has_interval else gettext("no interval"),  # noqa: RUF001 - a dash
        title=f"{subject_of(row)}: {energy_of(row)}",
        x=position(row.energy_wh_per_1000),
        low_x=low_x,
        width=None if width is None else round(width, 2),
        decades=[position(10.0**decade) for decade in range(LOWEST_DECADE, HIGHEST_DECADE + 1)],
    )


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@require_safe
def badge(request: HttpRequest, series: str, task: str) -> HttpResponse:
    """The badge of the value that the question names as a cell's page does."""
    _, row = requested_row(request, series, task)
    context = {"badge": badge_of(row)}
    return render(request, "downloads/badge.svg", context, content_type="image/svg+xml; charset=utf-8")
