"""How browsers search this site from their own field: an OpenSearch 1.1 description."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.web.as_of import path_of
from measurements.web.languages import current_language

if TYPE_CHECKING:
    from django.http import HttpRequest

NAMESPACE = "http://a9.com/-/spec/opensearch/1.1/"
CONTENT_TYPE = "application/opensearchdescription+xml"


@made_of()
@require_safe
def opensearch(_request: HttpRequest) -> HttpResponse:
    """The description in the language of its address; searches it starts are answered in that language."""
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(f"{{{NAMESPACE}}}OpenSearchDescription")
    for name, text in (
        ("ShortName", "Joulemark"),
        ("Description", gettext("Models, hardware, tasks, rules and terms of the energy of AI answers")),
        ("InputEncoding", "UTF-8"),
        ("OutputEncoding", "UTF-8"),
        ("Language", current_language()),
    ):
        ET.SubElement(root, f"{{{NAMESPACE}}}{name}").text = text
    ET.SubElement(
        root,
        f"{{{NAMESPACE}}}Url",
        {
            "type": "text/html",
            "method": "get",
            "template": f"{settings.ORIGIN}{path_of('search')}?q={{searchTerms}}",
        },
    )
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return HttpResponse(body, content_type=CONTENT_TYPE)
