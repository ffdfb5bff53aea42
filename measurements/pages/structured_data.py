"""What a page says to search engines in schema.org's words: what it shows as a Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext

from joulemark.release.columns import DATA_LICENCE_URL
from measurements.pages.citation import AUTHOR
from measurements.web.languages import current_language, without_language
from measurements.web.plain_text import plain_text

if TYPE_CHECKING:
    from measurements.pages.provenance import Provenance

CONTEXT = "https://schema.org"
MEDIA_TYPES = {"CSV": "text/csv", "JSON": "application/json"}


def dataset_of(provenance: Provenance, page_address: str) -> dict[str, Any] | None:
    """The Dataset that a page with this provenance shows; None for a page without a version of its own."""
    citation = provenance.citation
    if citation is None or provenance.version is None or provenance.at is None:
        return None
    title = plain_text(citation.title)
    files = [
        {
            "@type": "DataDownload",
            "encodingFormat": MEDIA_TYPES[offer.name],
            "contentUrl": f"{settings.ORIGIN}{without_language(offer.path)}",
        }
        for offer in provenance.files
    ]
    return _dataset(
        title,
        gettext(
            "Energy of AI answers in Wh per 1,000 queries with 95 % intervals: {title}. Every value links to its "
            "signed evidence."
        ).format(title=title),
        page_address,
        provenance,
    ) | {"sameAs": citation.address, "version": str(provenance.version), "distribution": files}


def subject_dataset(
    *, title: str, description: str, path: str, provenance: Provenance
) -> dict[str, Any] | None:
    """The Dataset of a page about a model, hardware, a data set or a suite; None of one that has no value."""
    if provenance.at is None:
        return None
    return _dataset(plain_text(title), plain_text(description), f"{settings.ORIGIN}{path}", provenance)


def _dataset(name: str, description: str, address: str, provenance: Provenance) -> dict[str, Any]:
    """What every Dataset says."""
    return {
        "@context": CONTEXT,
        "@type": "Dataset",
        "name": name,
        "description": description,
        "url": address,
        "inLanguage": current_language(),
        "dateModified": provenance.at.isoformat() if provenance.at else None,
        "license": DATA_LICENCE_URL,
        "isAccessibleForFree": True,
        "creator": {"@type": "Organization", "name": AUTHOR, "url": settings.ORIGIN},
        "measurementTechnique": list(provenance.grades),
        "variableMeasured": {
            "@type": "PropertyValue",
            "name": gettext("Energy per 1,000 queries"),
            "unitText": "Wh",
        },
    }
