"""How a release is cited: CITATION.cff, and the metadata with which a DOI can be registered at DataCite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from joulemark.release.columns import DATA_LICENCE_URL
from measurements.releases.documents.words import (
    AUTHOR,
    KEYWORDS,
    STUDY_DOI,
    address_of,
    description_of,
    title_of,
)

if TYPE_CHECKING:
    from joulemark.release.manifest import Manifest


def citation_cff(manifest: Manifest, *, files: str) -> str:
    """The Citation File Format, 1.2.0. `files` is the address of the root. JSON strings are YAML strings."""
    fields: dict[str, Any] = {
        "cff-version": "1.2.0",
        "type": "dataset",
        "title": title_of(manifest),
        "message": "If you use these data, please cite them as below, and cite the study where you use its figures.",
        "abstract": description_of(manifest),
        "version": manifest.name,
        "date-released": manifest.made_at.date().isoformat(),
        "license": "CC-BY-4.0",
        "url": address_of(manifest.name, files=files),
        "keywords": list(KEYWORDS),
        "authors": [{"name": AUTHOR}],
        "identifiers": [
            {
                "type": "other",
                "value": f"sha256 root {manifest.root_hash}",
                "description": f"Root of the log with {manifest.tree_size} entries.",
            }
        ],
    }
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items())


def datacite(manifest: Manifest, *, files: str) -> dict[str, Any]:
    """The attributes of DataCite's schema 4.6 but for the DOI, which whoever registers it adds."""
    day = manifest.made_at.date().isoformat()
    related: list[dict[str, str]] = [
        {"relatedIdentifier": STUDY_DOI, "relatedIdentifierType": "DOI", "relationType": "References"}
    ]
    if manifest.previous is not None:
        related.append(
            {
                "relatedIdentifier": address_of(manifest.previous, files=files),
                "relatedIdentifierType": "URL",
                "relationType": "IsNewVersionOf",
            }
        )
    return {
        "creators": [{"name": AUTHOR, "nameType": "Organizational"}],
        "titles": [{"title": title_of(manifest), "lang": "en"}],
        "publisher": {"name": "Joulemark"},
        "publicationYear": manifest.made_at.year,
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Measurements"},
        "subjects": [{"subject": word, "lang": "en"} for word in KEYWORDS],
        "dates": [{"date": day, "dateType": "Issued"}, {"date": day, "dateType": "Created"}],
        "language": "en",
        "version": manifest.name,
        "url": address_of(manifest.name, files=files),
        "formats": ["application/vnd.apache.parquet", "text/csv", "application/jsonl"],
        "sizes": [f"{manifest.total_bytes} bytes", f"{len(manifest.files)} files"],
        "rightsList": [
            {
                "rights": "Creative Commons Attribution 4.0 International",
                "rightsUri": DATA_LICENCE_URL,
                "rightsIdentifier": "CC-BY-4.0",
                "rightsIdentifierScheme": "SPDX",
            }
        ],
        "descriptions": [
            {"description": description_of(manifest), "descriptionType": "Abstract", "lang": "en"}
        ],
        "relatedIdentifiers": related,
        "schemaVersion": "http://datacite.org/schema/kernel-4",
    }
