"""Template tag of a table's head: a button that explains the column, by keyboard, pointer and touch, without a script.

The explanation is a popover of HTML: the browser opens it above the page, and closes it at Escape or a touch beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext

from measurements.display.column_words import COLUMN_HELP
from measurements.display.titles import translated

if TYPE_CHECKING:
    from django.template import Context
    from django.utils.safestring import SafeString

register = template.Library()
NUMBERS = "column_help_numbers"
"""Where a request has the number of its explanations so far."""


@register.simple_tag(takes_context=True)
def column_help(context: Context, head: str) -> SafeString | str:
    """The button and the explanation of a head, by its English text; nothing for "". Raises KeyError for another."""
    if not head:
        return ""
    entry, title = COLUMN_HELP[head], translated(head)
    name = f"column-help-{_next_number(context)}"
    further: SafeString | str = ""
    if entry.anchor:
        further = format_html(
            ' <a href="{}#{}">{}</a>', reverse("method"), entry.anchor, gettext("More on the method")
        )
    return format_html(
        ' <button type="button" class="help" popovertarget="{}" aria-label="{}">?</button>'
        '<span class="column-help" popover id="{}"><dfn>{}</dfn> {}{}</span>',
        name, gettext("What “%(head)s” means") % {"head": title}, name, title, translated(entry.meaning), further,
    )  # fmt: skip


def _next_number(context: Context) -> int:
    """A number that no other explanation of this page has."""
    request = getattr(context, "request", None)
    number: int = getattr(request, NUMBERS, 0) + 1
    setattr(request, NUMBERS, number)
    return number
