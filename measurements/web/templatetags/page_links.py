"""Template tags for the addresses of the page itself."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

from measurements.web.languages import in_language

register = template.Library()


@register.simple_tag(takes_context=True)
def page_in(context: Context, language: str) -> str:
    """The address of this page in another language, with the same question."""
    request = getattr(context, "request", None)
    return in_language(request.get_full_path() if request is not None else "/", language)


@register.simple_block_tag
def attribute_text(content: str) -> SafeString:
    """What a block of a template says, as it may stand in an element and in an attribute too."""
    return mark_safe(content.strip().replace('"', "&quot;"))  # noqa: S308 - its template has escaped it
