"""Template tags for the addresses of the page itself."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from measurements.web.languages import in_language

register = template.Library()


@register.simple_tag(takes_context=True)
def page_in(context: Context, language: str) -> str:
    """The address of this page in another language, with the same question."""
    request = getattr(context, "request", None)
    return in_language(request.get_full_path() if request is not None else "/", language)


@register.simple_block_tag
def titled(content: str) -> SafeString:
    """The page's title, for browsers and for whoever shows a link to it."""
    return _twice(content, '<title>{0}</title>\n    <meta property="og:title" content="{0}">')


@register.simple_block_tag
def described(content: str) -> SafeString:
    """The page's description, for search engines and for whoever shows a link to it."""
    return _twice(
        content, '<meta name="description" content="{0}">\n    <meta property="og:description" content="{0}">'
    )


def _twice(content: str, form: str) -> SafeString:
    """Text that a template has escaped already, in an element and in an attribute."""
    return format_html(form, mark_safe(content.strip().replace('"', "&quot;")))  # noqa: S308 - escaped by its template
