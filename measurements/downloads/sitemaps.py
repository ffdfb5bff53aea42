"""The site's map for search engines (sitemaps.org 0.9): an index, and parts with every page in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.downloads.sitemap_parts import pages_of, part_names
from measurements.intake.sources import SUBMISSIONS
from measurements.published.sources import PUBLISHED
from measurements.review.sources import TRANSITIONS
from measurements.web.languages import codes, in_language, without_language

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.http import HttpRequest

    from measurements.downloads.sitemap_parts import MappedPage

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"


@made_of(BOARDS, CATALOG, PUBLISHED, SUBMISSIONS)
@require_safe
def sitemap(_request: HttpRequest) -> HttpResponse:
    """The index of the map."""
    parts = (
        f"<sitemap>{_address(reverse('sitemap-part', args=[name]), changed_at)}</sitemap>"
        for name, changed_at in part_names()
    )
    return _answer("sitemapindex", "", parts)


@made_of(BOARDS, CATALOG, PUBLISHED, SUBMISSIONS, TRANSITIONS)
@require_safe
def sitemap_part(_request: HttpRequest, part: str) -> HttpResponse:
    """One part: each page in each language beside the same in the others."""
    pages = pages_of(part)
    if pages is None:
        raise Http404(
            gettext("The map of this site has no such part; /sitemap.xml lists those that there are.")
        )
    return _answer("urlset", f' xmlns:xhtml="{XHTML}"', map(_page, pages))


def _answer(root: str, spaces: str, elements: Iterable[str]) -> HttpResponse:
    text = f'{DECLARATION}\n<{root} xmlns="{SITEMAP}"{spaces}>{"".join(elements)}</{root}>'
    return HttpResponse(text, content_type="application/xml; charset=utf-8")


def _page(page: MappedPage) -> str:
    """A page in each language; what it is in the others is said beside each, in the same words."""
    paths = [(language, in_language(page.path, language)) for language in codes()]
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{language}" href={quoteattr(settings.ORIGIN + path)}/>'
        for language, path in [*paths, ("x-default", without_language(page.path))]
    )
    return "".join(f"<url>{_address(path, page.changed_at)}{others}</url>" for _, path in paths)


def _address(path: str, changed_at: datetime | None) -> str:
    changed = "" if changed_at is None else f"<lastmod>{changed_at.isoformat(timespec='seconds')}</lastmod>"
    return f"<loc>{escape(settings.ORIGIN + path)}</loc>{changed}"
