"""The site's map for search engines (sitemaps.org 0.9): an index, and parts with every page in every language."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING
from xml.sax.xmlreader import AttributesImpl

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.xmlutils import SimplerXMLGenerator
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
    from datetime import datetime

    from django.http import HttpRequest

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"


@made_of(BOARDS, CATALOG, PUBLISHED, SUBMISSIONS)
@require_safe
def sitemap(_request: HttpRequest) -> HttpResponse:
    """The index of the map."""
    stream, xml = _begin("sitemapindex")
    for name, changed_at in part_names():
        xml.startElement("sitemap", AttributesImpl({}))
        _write_address(xml, f"{settings.ORIGIN}{reverse('sitemap-part', args=[name])}", changed_at)
        xml.endElement("sitemap")
    return _end(stream, xml, "sitemapindex")


@made_of(BOARDS, CATALOG, PUBLISHED, SUBMISSIONS, TRANSITIONS)
@require_safe
def sitemap_part(_request: HttpRequest, part: str) -> HttpResponse:
    """One part: each page in each language beside the same in the others."""
    pages = pages_of(part)
    if pages is None:
        raise Http404(
            gettext("The map of this site has no such part; /sitemap.xml lists those that there are.")
        )
    stream, xml = _begin("urlset")
    for page in pages:
        for language in codes():
            xml.startElement("url", AttributesImpl({}))
            _write_address(xml, f"{settings.ORIGIN}{in_language(page.path, language)}", page.changed_at)
            for other in codes():
                _write_alternate(xml, other, in_language(page.path, other))
            _write_alternate(xml, "x-default", without_language(page.path))
            xml.endElement("url")
    return _end(stream, xml, "urlset")


def _begin(root: str) -> tuple[StringIO, SimplerXMLGenerator]:
    stream = StringIO()
    xml = SimplerXMLGenerator(stream, "utf-8")
    xml.startDocument()
    spaces = {"xmlns": SITEMAP} | ({"xmlns:xhtml": XHTML} if root == "urlset" else {})
    xml.startElement(root, AttributesImpl(spaces))
    return stream, xml


def _end(stream: StringIO, xml: SimplerXMLGenerator, root: str) -> HttpResponse:
    xml.endElement(root)
    xml.endDocument()
    return HttpResponse(stream.getvalue(), content_type="application/xml; charset=utf-8")


def _write_address(xml: SimplerXMLGenerator, address: str, changed_at: datetime | None) -> None:
    xml.addQuickElement("loc", address)
    if changed_at is not None:
        xml.addQuickElement("lastmod", changed_at.isoformat(timespec="seconds"))


def _write_alternate(xml: SimplerXMLGenerator, language: str, path: str) -> None:
    attributes = {"rel": "alternate", "hreflang": language, "href": f"{settings.ORIGIN}{path}"}
    xml.addQuickElement("xhtml:link", None, attributes)
