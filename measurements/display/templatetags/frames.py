"""Template tags of what stands around tables and inside plots: the same everywhere, so written once."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from measurements.display.card_tables import as_cards
from measurements.display.choices import Grade
from measurements.display.kinds import CORE, NEUTRAL, SHAPES

register = template.Library()


@register.simple_block_tag
def table_frame(
    content: SafeString, labelled_by: str = "", label: str = "", *, cards: bool = False
) -> SafeString:
    """A table's frame, which scrolls where the table is wider than the page; with `cards` a phone shows it as cards.

    Its name for whoever hears the page is a heading's, by its id, or a label of its own.
    """
    attribute, name = ("aria-labelledby", labelled_by) if labelled_by else ("aria-label", label)
    return format_html(
        '<div class="scroll" tabindex="0" role="region" {}="{}">{}</div>',
        SafeString(attribute),
        name,
        mark_safe(as_cards(content)) if cards else content,  # noqa: S308 - rendered by us
    )


@register.simple_tag
def legend_mark(shape: str, grade: str) -> SafeString:
    """A mark beside its meaning: of a kind of model, or `neutral` of a grade."""
    inside = SHAPES[NEUTRAL if shape == "neutral" else shape] + (CORE if grade == Grade.ESTIMATED else "")
    return format_html(
        '<svg width="16" height="16" viewBox="-8 -8 16 16" aria-hidden="true" class="mark {} {}">{}</svg>',
        shape, grade, SafeString(inside),
    )  # fmt: skip
