"""Template tags of what stands around tables and inside plots: the same everywhere, so written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from measurements.display.choices import Grade
from measurements.display.kinds import CORE, NEUTRAL, SHAPES

if TYPE_CHECKING:
    from measurements.display.plot import Mark
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


@register.simple_tag
def outline(mark: Mark | ScatterMark) -> SafeString:
    """The outline of a mark in a plot. Raises KeyError for a shape that is none."""
    return SafeString(SHAPES[mark.shape])


@register.simple_tag
def core(mark: Mark | ScatterMark) -> SafeString:
    """The dot inside a mark, which says that its number is an estimate; nothing for any other."""
    return SafeString(CORE if mark.grade == Grade.ESTIMATED else "")


@register.simple_tag
def legend_mark(shape: str, grade: str) -> SafeString:
    """A mark beside its meaning: of a kind of model, or `neutral` of a grade."""
    inside = SHAPES[NEUTRAL if shape == "neutral" else shape] + (CORE if grade == Grade.ESTIMATED else "")
    return format_html(
        '<svg width="16" height="16" viewBox="-8 -8 16 16" aria-hidden="true" class="mark {} {}">{}</svg>',
        shape, grade, SafeString(inside),
    )  # fmt: skip
