"""Template tags of what stands around tables and inside plots: the same everywhere, so written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from measurements.display.choices import Grade
from measurements.display.kinds import CORE, NEUTRAL, SHAPES

if TYPE_CHECKING:
    from measurements.display.fit_plot import FitMark, FitPlot
    from measurements.display.ladder import LadderMark
    from measurements.display.overlay_plot import OverlayMark, OverlayPlot, OverlayTick
    from measurements.display.plot import Mark
    from measurements.display.power_plot import PowerPlot
    from measurements.display.scatter import ScatterMark

register = template.Library()


@register.simple_block_tag
def table_frame(content: SafeString, labelled_by: str = "", label: str = "") -> SafeString:
    """A table's frame, which scrolls where the table is wider than the page.

    Its name for whoever hears the page is a heading's, by its id, or a label of its own.
    """
    attribute, name = ("aria-labelledby", labelled_by) if labelled_by else ("aria-label", label)
    return format_html(
        '<div class="scroll" tabindex="0" role="region" {}="{}">{}</div>',
        SafeString(attribute),
        name,
        content,
    )


# A plot has some hundred marks: a template would take longer for them than for all the rest of a page.
@register.filter
def dot_row(mark: Mark) -> SafeString:
    """A row of a dot plot: its name, its value, the bar of its interval, and its mark."""
    bar = ""
    if mark.bar:
        bar = format_html(
            '<line class="bar {}" x1="{}" x2="{}" y1="{}" y2="{}"/>', mark.shape, *mark.bar, mark.y, mark.y
        )
    return format_html(
        '<foreignObject x="0" y="{}" width="72%" height="18"><div class="name"><span>{}</span></div></foreignObject>'
        '<text class="value" x="100%" y="{}" text-anchor="end">{}</text>{}{}',
        mark.label_y, mark.label, mark.value_y, mark.text, bar, _mark(mark),
    )  # fmt: skip


@register.filter
def spot(mark: ScatterMark) -> SafeString:
    """A spot of a scatter plot: the bar of its interval, its mark, and its name where there is room."""
    bar = label = ""
    if mark.bar:
        bar = format_html(
            '<line class="bar {}" x1="{}" x2="{}" y1="{}" y2="{}"/>', mark.shape, mark.x, mark.x, *mark.bar
        )
    if mark.label:
        label = format_html(
            '<text class="spot" x="{}" y="{}" text-anchor="{}">{}</text>',
            mark.x, mark.label_y, mark.anchor, mark.label,
        )  # fmt: skip
    return format_html("{}{}{}", bar, _mark(mark), label)


@register.filter
def rung(mark: LadderMark) -> SafeString:
    """A row of a ladder: its name and value at its mark, the bar of its range, and the mark."""
    bar = ""
    if mark.bar:
        bar = format_html(
            '<line class="bar {}" x1="{}" x2="{}" y1="{}" y2="{}"/>', mark.shape, *mark.bar, mark.y, mark.y
        )
    return format_html(
        '<text class="rung" x="{}" y="{}" text-anchor="{}">{}</text>'
        '<text class="value" x="{}" y="{}" text-anchor="{}">{}</text>{}{}',
        mark.x, mark.name_y, mark.anchor, mark.label,
        mark.x, mark.value_y, mark.anchor, mark.text, bar, _mark(mark),
    )  # fmt: skip


@register.filter
def axes_grid(plot: FitPlot | PowerPlot) -> SafeString:
    """The lines of both axes with their labels."""
    rows = format_html_join(
        "",
        '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="tick" x="{}" y="{}" dy=".35em" text-anchor="end">{}</text>',
        ((plot.left, plot.right, tick.at, tick.at, plot.tick_x, tick.at, tick.label) for tick in plot.rows),
    )
    columns = format_html_join(
        "",
        '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="tick" x="{}" y="{}" dy="-.6em" text-anchor="{}">{}</text>',
        (
            (tick.at, tick.at, plot.top, plot.bottom, tick.at, plot.height, tick.anchor, tick.label)
            for tick in plot.columns
        ),
    )
    return format_html("{}{}", rows, columns)


@register.filter
def curve_frame(plot: FitPlot | PowerPlot) -> SafeString:
    """Attributes of the SVG inside a plot in which curves have units of their own."""
    return format_html(
        'x="{}" y="{}" width="{}" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="none"',
        plot.left, plot.top, plot.width, plot.inner_height, str(plot.frame_width), str(plot.frame_height),
    )  # fmt: skip


@register.filter
def overlay_tick(tick: OverlayTick, plot: OverlayPlot) -> SafeString:
    """A line of an overlay's axis with its label."""
    return format_html(
        '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>',
        tick.x, tick.x, plot.top, plot.bottom, tick.x, plot.tick_y, tick.label,
    )  # fmt: skip


@register.filter
def plain_mark(mark: FitMark) -> SafeString:
    """A mark without a bar and without a name beside it."""
    return _mark(mark)


@register.filter
def overlay_lane(mark: OverlayMark) -> SafeString:
    """A lane of an overlay: the bar of an interval, a mark, and the model's letter behind them."""
    bar = ""
    if mark.bar:
        bar = format_html(
            '<line class="bar {}" x1="{}" x2="{}" y1="{}" y2="{}"/>', mark.shape, *mark.bar, mark.y, mark.y
        )
    return format_html(
        '{}{}<text class="letter" x="{}" dx="10" y="{}">{}</text>',
        bar, _mark(mark), mark.letter_x, mark.letter_y, mark.letter,
    )  # fmt: skip


def _mark(mark: FitMark | LadderMark | Mark | OverlayMark | ScatterMark) -> SafeString:
    """A mark; a dot inside it says that its number is an estimate. Raises KeyError for an unknown shape."""
    core = CORE if mark.grade == Grade.ESTIMATED else ""
    return format_html(
        '<svg class="mark {} {}" x="{}" y="{}" overflow="visible"><title>{}</title>{}</svg>',
        mark.shape, mark.grade, mark.x, mark.y, mark.title, SafeString(SHAPES[mark.shape] + core),
    )  # fmt: skip


@register.simple_tag
def legend_mark(shape: str, grade: str) -> SafeString:
    """A mark beside its meaning: of a kind of model, or `neutral` of a grade."""
    inside = SHAPES[NEUTRAL if shape == "neutral" else shape] + (CORE if grade == Grade.ESTIMATED else "")
    return format_html(
        '<svg width="16" height="16" viewBox="-8 -8 16 16" aria-hidden="true" class="mark {} {}">{}</svg>',
        shape, grade, SafeString(inside),
    )  # fmt: skip
