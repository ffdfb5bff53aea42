"""Template tag for links: an address with the moment that the page shows."""

from __future__ import annotations

from django import template
from django.template import Context

from measurements.boards.as_of import address_at, moment_shown

register = template.Library()


@register.simple_tag(takes_context=True)
def moment_url(context: Context, name: str, *args: str, **query: str) -> str:
    """The path of a named view, `query` after it; on a page as of a moment with that moment, where the view shows it."""
    request = getattr(context, "request", None)
    return address_at(moment_shown(request) if request is not None else None, name, *args, **query)
