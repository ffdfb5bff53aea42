"""Template tags of moments: an address with the one that the page shows, links that keep it, a page of the present."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from measurements.web.as_of import address_at, moment_passed_by, moment_shown, question_without_moment
from measurements.web.moment_links import with_moment

if TYPE_CHECKING:
    from measurements.web.as_of import Moment

register = template.Library()


@register.simple_tag(takes_context=True)
def moment_url(context: Context, name: str, *args: str, **query: str) -> str:
    """The path of a named view with `query`; on a page as of a moment it carries that on, where the view shows it."""
    request = getattr(context, "request", None)
    return address_at(moment_shown(request) if request is not None else None, name, *args, **query)


@register.simple_block_tag(takes_context=True)
def links_keep_moment(context: Context, content: str) -> SafeString:
    """A page's content; where its request names a moment, all links and forms to pages carry that on."""
    moment = _moment_named(context)
    return SafeString(content if moment is None else with_moment(content, moment))


@register.inclusion_tag("web/_shows_present.html", takes_context=True)
def present_note(context: Context) -> dict[str, Any]:
    """That a page shows the present and not the moment that its address names, and where it is without that."""
    request = getattr(context, "request", None)
    moment = None if request is None else moment_passed_by(request)
    if request is None or moment is None:
        return {"moment": None}
    question = question_without_moment(request)
    return {"moment": moment, "now_url": f"{request.path}?{question}" if question else request.path}


def _moment_named(context: Context) -> Moment | None:
    request = getattr(context, "request", None)
    return None if request is None else moment_shown(request) or moment_passed_by(request)
