"""All documents of a release, stored in its folder; the manifest names them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from msgspec.structs import replace

from joulemark.release import layout
from joulemark.release.layout import own_path
from measurements.releases.documents.changelog import changelog
from measurements.releases.documents.citations import citation_cff, datacite
from measurements.releases.documents.croissant import croissant
from measurements.releases.documents.data_package import data_package
from measurements.releases.documents.readme import readme
from measurements.releases.documents.research_object import ro_crate
from measurements.releases.documents.schema import schema

if TYPE_CHECKING:
    from joulemark.release.manifest import Manifest
    from measurements.ledger.models import Checkpoint
    from measurements.releases.staging import Staging

LICENCE_FILE = Path(__file__).with_name("CC-BY-4.0.txt")


def store_documents(
    staging: Staging, manifest: Manifest, *, previous: Manifest | None, checkpoint: Checkpoint
) -> Manifest:
    """Store every document and the signed checkpoint; the manifest with their digests."""
    texts = {
        layout.CHECKPOINT: checkpoint.published_note,
        "README.md": readme(manifest),
        "CHANGELOG.md": changelog(manifest, previous),
        "LICENSE": LICENCE_FILE.read_text(encoding="utf-8"),
        "schema.json": _json(schema()),
        "croissant.json": _json(croissant(manifest, site=settings.ORIGIN, files=settings.RELEASES_URL)),
        "datapackage.json": _json(data_package(manifest, site=settings.ORIGIN)),
        "ro-crate-metadata.json": _json(ro_crate(manifest, files=settings.RELEASES_URL)),
        "CITATION.cff": citation_cff(manifest, files=settings.RELEASES_URL),
        "datacite.json": _json(datacite(manifest, files=settings.RELEASES_URL)),
    }
    files = [
        staging.store_bytes(own_path(manifest.name, name), text.encode())
        for name, text in sorted(texts.items())
    ]
    return replace(manifest, documents=tuple(files))


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
