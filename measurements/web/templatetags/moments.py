"""Template tag for links: an address with the moment that the page shows."""

from __future__ import annotations

from django import template
from django.template import Context

from measurements.web.as_of import address_at, moment_shown

register = template.Library()


@register.simple_tag(takes_context=True)
def moment_url(context: Context, name: str, *args: str, **query: str) -> str:
    """The path of a named view with `query`; on a page as of a moment it carries that on, where the view shows it."""
    request = getattr(context, "request", None)
    return address_at(moment_shown(request) if request is not None else None, name, *args, **query)
