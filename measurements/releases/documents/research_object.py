"""ro-crate-metadata.json: the release's folder as an RO-Crate 1.1; the shared files are web-based entities of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.release import layout
from joulemark.release.columns import DATA_LICENCE_URL
from joulemark.release.layout import content_type
from joulemark.release.tables import TABLES
from measurements.releases.documents.words import AUTHOR, KEYWORDS, description_of, title_of

if TYPE_CHECKING:
    from joulemark.release.manifest import Manifest, StoredFile

ABOUT = {
    layout.MANIFEST: "Manifest: every file with its digest",
    layout.CHECKPOINT: "Signed checkpoint of the log",
    layout.SUMS: "SHA-256 of every file",
    layout.ATTESTATION: "Signed attestation of every file",
    "README.md": "What the release is and how it is checked",
    "CHANGELOG.md": "What changed since the previous release",
    "LICENSE": "Terms",
    "schema.json": "Tables and their columns",
    "croissant.json": "Croissant metadata",
    "datapackage.json": "Frictionless data package",
    "CITATION.cff": "How to cite the release",
    "datacite.json": "Metadata for a DOI",
}


def ro_crate(manifest: Manifest, *, files: str) -> dict[str, Any]:
    """The metadata document; `files` is the address of the root of releases."""
    own = [_own(name, about) for name, about in ABOUT.items()]
    tables = [_table(table.name, table.description, manifest, files) for table in TABLES]
    shared = [
        _shared(file, files)
        for table in TABLES
        for file in (manifest.tables[table.name].files if table.name in manifest.tables else ())
    ] + [_shared(file, files) for file in (*manifest.bundles, *manifest.suites)]
    every = {entity["@id"]: entity for entity in [*own, *shared]}
    return {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [
            {
                "@id": "ro-crate-metadata.json",
                "@type": "CreativeWork",
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
                "about": {"@id": "./"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "identifier": f"{files}{manifest.name}/manifest.json",
                "name": title_of(manifest),
                "description": description_of(manifest),
                "datePublished": manifest.made_at.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
                "license": {"@id": DATA_LICENCE_URL},
                "version": manifest.name,
                "keywords": ", ".join(KEYWORDS),
                "author": {"@id": "#contributors"},
                "publisher": {"@id": "#contributors"},
                "hasPart": [{"@id": identifier} for identifier in every]
                + [{"@id": table["@id"]} for table in tables],
            },
            {
                "@id": "#contributors",
                "@type": "Organization",
                "name": AUTHOR,
                "url": manifest.origin,
            },
            {
                "@id": DATA_LICENCE_URL,
                "@type": "CreativeWork",
                "name": "Creative Commons Attribution 4.0 International",
                "description": "You may share and adapt the data if you give appropriate credit.",
            },
            *every.values(),
            *tables,
        ],
    }


def _own(name: str, about: str) -> dict[str, Any]:
    return {"@id": name, "@type": "File", "name": about, "encodingFormat": _format(name)}


def _shared(file: StoredFile, files: str) -> dict[str, Any]:
    return {
        "@id": f"{files}{file.path}",
        "@type": "File",
        "name": file.path,
        "contentSize": str(file.bytes),
        "identifier": f"sha256:{file.sha256}",
        "encodingFormat": _format(file.path),
    }


def _table(name: str, description: str, manifest: Manifest, files: str) -> dict[str, Any]:
    parts = manifest.tables[name].files if name in manifest.tables else ()
    return {
        "@id": f"#table-{name}",
        "@type": "Dataset",
        "name": name,
        "description": description,
        "license": {"@id": DATA_LICENCE_URL},
        "hasPart": [{"@id": f"{files}{file.path}"} for file in parts],
    }


def _format(path: str) -> str:
    return content_type(path).partition(";")[0]
