"""Template tags of the search field: in the head of every page, and on the page of the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext

from measurements.boards.board_query import MAX_TEXT
from measurements.web.as_of import path_of

if TYPE_CHECKING:
    from django.template import Context
    from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def head_search_form(context: Context) -> SafeString:
    """The small field in the head; it keeps what was looked for."""
    return _form(context, name="head-search", label=gettext("Search the site"))


@register.simple_tag(takes_context=True)
def page_search_form(context: Context) -> SafeString:
    """The field of the search's own page."""
    return _form(context, name="page-search", label=gettext("What to look for"))


def _form(context: Context, *, name: str, label: str) -> SafeString:
    return format_html(
        '<form class="search {}" role="search" action="{}" method="get" aria-label="{}">'
        '<input type="search" id="{}" name="q" value="{}" maxlength="{}" aria-label="{}" placeholder="{}">'
        '<button class="button" type="submit">{}</button></form>',
        name, path_of("search"), label,
        name, context.get("search_text", ""), MAX_TEXT, label, label, gettext("Search"),
    )  # fmt: skip
