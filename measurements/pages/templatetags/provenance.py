"""Template tags of the frame around every page: where its content comes from, and what it says to other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from measurements.boards.models import NAMED_BY
from measurements.pages.provenance import Provenance, provenance_of
from measurements.pages.structured_data import dataset_of
from measurements.web.as_of import PARAMETERS, honours
from measurements.web.feed_titles import FEEDS, feed_title
from measurements.web.languages import codes, in_language, language_in, without_language
from measurements.web.plain_text import json_in_script

if TYPE_CHECKING:
    from django.template import Context

register = template.Library()

IDENTIFYING = ("page", *NAMED_BY)
"""What of a question tells one page from another; the rest narrows, sorts or dates one."""
SHOWN_BY = ("provenance", "board", "table", "cell", "evidence")
"""Names in a page's context of what says where its content comes from."""
LOCALES = {"en": "en_US", "ru": "ru_RU"}


@register.inclusion_tag("pages/_provenance.html", takes_context=True)
def provenance_line(context: Context) -> dict[str, Any]:
    """The line below every page, with what a reader can take along."""
    request = _request(context)
    provenance = _provenance(context)
    match = request.resolver_match if request else None
    is_dated = match is not None and honours(match.func)
    return {
        "provenance": provenance,
        "request": request,
        "address": _address_on_paper(provenance, request),
        "is_dated": is_dated,
        "carried": _carried(request) if request and is_dated else [],
        "day": (request.GET.get("as_of", "")[:10] if request else ""),
    }


def _address_on_paper(provenance: Provenance, request: HttpRequest | None) -> str:
    """What a printed page says of where it is: the address that keeps showing this version, where there is one."""
    if provenance.citation:
        return provenance.citation.address
    return f"{settings.ORIGIN}{request.get_full_path()}" if request else settings.ORIGIN


@register.inclusion_tag("pages/_social_image.html", takes_context=True)
def social_image(context: Context) -> dict[str, Any]:
    """What other sites show beside a link to the page: the card of its plot, where it has one."""
    return {"image": context.get("social")}


@register.simple_tag(takes_context=True)
def reach_links(context: Context) -> SafeString:
    """Links of the head: this page's one address, the same in other languages, feeds, and the frame for other sites."""
    request = _request(context)
    if request is None or not language_in(request.path_info):
        return SafeString("")
    path = canonical_path(request)
    links = [format_html('<link rel="canonical" href="{}{}">', settings.ORIGIN, path)]
    links += [
        format_html(
            '<link rel="alternate" hreflang="{}" href="{}{}">', code, settings.ORIGIN, in_language(path, code)
        )
        for code in codes()
    ]
    links.append(
        format_html(
            '<link rel="alternate" hreflang="x-default" href="{}{}">', settings.ORIGIN, without_language(path)
        )
    )
    links += [
        format_html(
            '<link rel="alternate" type="application/atom+xml" title="{}" href="{}">',
            feed_title(name), in_language(f"/feeds/{name}.atom", language_in(path)),
        )
        for name in FEEDS
    ]  # fmt: skip
    if _provenance(context).embed_path:
        query = urlencode({"url": f"{settings.ORIGIN}{path}", "format": "json"})
        links.append(
            format_html(
                '<link rel="alternate" type="application/json+oembed" href="{}/oembed/?{}">',
                settings.ORIGIN, query,
            )
        )  # fmt: skip
    return mark_safe("\n    ".join(links))  # noqa: S308 - each is made by format_html


@register.simple_tag(takes_context=True)
def structured_data(context: Context) -> SafeString:
    """What the page says in schema.org's words, as a block of data that no browser runs."""
    request = _request(context)
    if request is None or not language_in(request.path_info):
        return SafeString("")
    address = f"{settings.ORIGIN}{canonical_path(request)}"
    stated = context.get("structured_data") or dataset_of(_provenance(context), address)
    if stated is None:
        return SafeString("")
    block = f'<script type="application/ld+json">{json_in_script(stated)}</script>'
    return mark_safe(block)  # noqa: S308 - no character in it can end the element


@register.simple_tag(takes_context=True)
def page_address(context: Context) -> str:
    """The one full address of this page."""
    request = _request(context)
    return settings.ORIGIN if request is None else f"{settings.ORIGIN}{canonical_path(request)}"


@register.filter
def open_graph_locale(language: str) -> str:
    """A language as the Open Graph protocol writes it."""
    return LOCALES.get(language, language)


def canonical_path(request: HttpRequest) -> str:
    """The path of the page as it is now, with only what tells it from another page."""
    pairs = [(name, request.GET[name]) for name in IDENTIFYING if name in request.GET]
    pairs = [pair for pair in pairs if pair != ("page", "1")]
    path = request.get_full_path().partition("?")[0]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _provenance(context: Context) -> Provenance:
    """Computed once for all tags of a page."""
    request = _request(context)
    if request is None:
        return Provenance()
    provenance: Provenance | None = context.render_context.get("provenance")
    if provenance is None:
        provenance = provenance_of({name: context.get(name) for name in SHOWN_BY}, request)
        context.render_context["provenance"] = provenance
    return provenance


def _request(context: Context) -> HttpRequest | None:
    request = getattr(context, "request", None)
    return request if isinstance(request, HttpRequest) else None


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    """The question of a page without its moment, for a form that asks for another one."""
    return [
        (name, value) for name, values in request.GET.lists() if name not in PARAMETERS for value in values
    ]
