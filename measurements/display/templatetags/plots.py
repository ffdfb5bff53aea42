"""A drawing as the inside of a page's SVG. Places across are percentages, places down rem; no number has a comma.

Written as text, not as a template: a page has some hundred marks, which would take longer than all the rest of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from measurements.display.choices import Grade
from measurements.display.drawing import curve_path
from measurements.display.kinds import CORE, SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from measurements.display.drawing import Drawing, Mark, Name

register = template.Library()
FRAME_UNITS = 1000
"""Width and height of the frame in which curves are drawn; it is stretched to the area."""
KEPT_MARKS = 4096
"""Marks that a process keeps written, about a kilobyte each."""


@register.filter
def drawn(plot: Drawing) -> SafeString:
    """Everything inside the SVG of a plot. Raises KeyError for a mark of an unknown shape."""
    return mark_safe("".join(_parts(plot)))  # noqa: S308 - every text in it is escaped


def _parts(plot: Drawing) -> Iterator[str]:
    yield from _area(plot)
    if plot.curves:
        yield _curves(plot)
    for line in plot.front:
        yield (
            f'<line class="front" x1="{_percent(line.x1)}" x2="{_percent(line.x2)}" '
            f'y1="{_rem(line.y1)}" y2="{_rem(line.y2)}"/>'
        )
    yield from _labels(plot)
    for mark in plot.marks:
        yield _point(mark)


def _area(plot: Drawing) -> Iterator[str]:
    """Shades, and the lines of both axes."""
    top, bottom = _rem(plot.top), _rem(plot.bottom)
    left, right = _percent(plot.left), _percent(plot.right)
    for band in plot.bands:
        yield (
            f'<rect class="band {band.kind}" x="{_percent(plot.across(band.left))}" '
            f'width="{_percent((band.right - band.left) * (plot.right - plot.left))}" y="{top}" '
            f'height="{_rem(plot.bottom - plot.top)}"><title>{escape(band.title)}</title></rect>'
        )
    for level in plot.levels:
        y = _rem(level.y)
        yield f'<line class="grid" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>'
    for tick in plot.columns:
        x = _percent(plot.across(tick.at))
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>'
    if plot.reference is not None:
        x = _percent(plot.reference)
        yield f'<line class="reference" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>'


def _curves(plot: Drawing) -> str:
    """The curves in their frame."""
    frame = (
        f'<svg x="{_percent(plot.left)}" y="{_rem(plot.top)}" width="{_percent(plot.right - plot.left)}" '
        f'height="{_rem(plot.bottom - plot.top)}" viewBox="0 0 {FRAME_UNITS} {FRAME_UNITS}" '
        'preserveAspectRatio="none">'
    )
    paths = (
        f'<path class="{curve.name}" d="{curve_path(curve, width=FRAME_UNITS, height=FRAME_UNITS)}" '
        'vector-effect="non-scaling-stroke"/>'
        for curve in plot.curves
    )
    return f"{frame}{''.join(paths)}</svg>"


def _labels(plot: Drawing) -> Iterator[str]:
    """The labels of both axes, and the headings of rows."""
    for tick in plot.columns:
        if tick.label:
            yield (
                f'<text class="tick{" fine" if tick.is_fine else ""}" x="{_percent(plot.across(tick.at))}" '
                f'y="{_rem(plot.tick_y)}" text-anchor="{tick.anchor}">{escape(tick.label)}</text>'
            )
    for level in plot.levels:
        yield (
            f'<text class="tick" x="{_percent(plot.left)}" y="{_rem(level.y)}" dy="-.25em">'
            f"{escape(level.label)}</text>"
        )
    for head in plot.heads:
        yield (
            f'<foreignObject x="0" y="{_rem(head.y)}" width="100%" height="1.25rem">'
            f'<div class="name head"><span>{escape(head.label)}</span></div></foreignObject>'
        )


@lru_cache(maxsize=KEPT_MARKS)
def _point(mark: Mark) -> str:
    """A mark with its bars and its name: a link to its evidence, or a place that the keyboard reaches.

    After a change most marks of a plot are where they were, so each is written once.
    """
    x, y, title = _percent(mark.x), _rem(mark.y), escape(mark.title)
    parts = []
    if mark.x_bar:
        left, right = map(_percent, mark.x_bar)
        parts.append(f'<line class="bar {mark.shape}" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>')
    if mark.y_bar:
        low, high = map(_rem, mark.y_bar)
        parts.append(f'<line class="bar {mark.shape}" x1="{x}" x2="{x}" y1="{low}" y2="{high}"/>')
    core = CORE if mark.grade == Grade.ESTIMATED else ""
    parts.append(
        f'<svg class="mark {mark.shape} {mark.grade}" x="{x}" y="{y}" width="1rem" height="1rem" '
        f'viewBox="0 0 16 16" overflow="visible"><title>{title}</title>{SHAPES[mark.shape]}{core}</svg>'
    )
    if mark.name:
        parts.append(_name(mark.name))
    inside = "".join(parts)
    if mark.href:
        return f'<a class="point" href="{escape(mark.href)}" aria-label="{title}">{inside}</a>'
    return f'<g class="point" tabindex="0" role="img" aria-label="{title}">{inside}</g>'


def _name(name: Name) -> str:
    value = f"<b>{escape(name.value)}</b>" if name.value else ""
    return (
        f'<foreignObject x="{_percent(name.left)}" y="{_rem(name.y)}" width="{_percent(name.right - name.left)}" '
        f'height="1.25rem"><div class="name {name.anchor}"><span>{escape(name.label)}</span>{value}</div>'
        "</foreignObject>"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def _rem(length: float) -> str:
    return f"{length:.2f}rem"
