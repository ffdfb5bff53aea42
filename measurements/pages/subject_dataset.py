"""What pages about a model, hardware, a data set or a suite say to search engines, in schema.org's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext

from measurements.pages.citation import AUTHOR
from measurements.pages.structured_data import CONTEXT, LICENCE
from measurements.web.languages import current_language
from measurements.web.plain_text import plain_text

if TYPE_CHECKING:
    from measurements.pages.provenance import Provenance


def subject_dataset(
    *, title: str, description: str, path: str, provenance: Provenance
) -> dict[str, Any] | None:
    """The Dataset of a page about a thing with values; None for one without."""
    if provenance.at is None:
        return None
    return {
        "@context": CONTEXT,
        "@type": "Dataset",
        "name": plain_text(title),
        "description": plain_text(description),
        "url": f"{settings.ORIGIN}{path}",
        "inLanguage": current_language(),
        "dateModified": provenance.at.isoformat(),
        "license": LICENCE,
        "isAccessibleForFree": True,
        "creator": {"@type": "Organization", "name": AUTHOR, "url": settings.ORIGIN},
        "measurementTechnique": list(provenance.grades),
        "variableMeasured": {
            "@type": "PropertyValue",
            "name": gettext("Energy per 1,000 queries"),
            "unitText": "Wh",
        },
    }
