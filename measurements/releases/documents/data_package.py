"""datapackage.json: the tables as CSV with their columns, in the words of Frictionless' Data Package 1.

Paths lead out of the release's folder to the files that all releases share, so validators are asked to trust them:
`frictionless validate --trusted datapackage.json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.release.columns import DATA_LICENCE_URL
from joulemark.release.tables import TABLES
from measurements.releases.documents.words import AUTHOR, KEYWORDS, description_of, title_of

if TYPE_CHECKING:
    from joulemark.release.columns import Column, Kind, Table
    from joulemark.release.manifest import Manifest, TableFile

TYPES: dict[Kind, str] = {
    "string": "string",
    "int64": "integer",
    "float64": "number",
    "bool": "boolean",
    "timestamp": "datetime",
    "date": "date",
    "binary": "string",
    "json": "any",
    "list<string>": "array",
    "list<int64>": "array",
}
"""A JSON value may be an object, a list, or a number; Frictionless has no one type for all of them."""


def data_package(manifest: Manifest, *, site: str) -> dict[str, Any]:
    """The descriptor, with one resource for each file of a table in CSV."""
    return {
        "profile": "data-package",
        "name": f"joulemark-{manifest.name}",
        "id": manifest.root_hash,
        "title": title_of(manifest),
        "description": description_of(manifest),
        "version": manifest.name,
        "created": manifest.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "homepage": site,
        "keywords": list(KEYWORDS),
        "licenses": [{"name": "CC-BY-4.0", "path": DATA_LICENCE_URL}],
        "contributors": [{"title": AUTHOR, "role": "author"}],
        "resources": [
            _resource(table, file)
            for table in TABLES
            if table.name in manifest.tables
            for file in manifest.tables[table.name].of_form("csv.gz")
        ],
    }


def _resource(table: Table, file: TableFile) -> dict[str, Any]:
    leaves = file.leaf_range
    return {
        "name": f"{table.name.replace('_', '-')}-{leaves}" if leaves else table.name.replace("_", "-"),
        "title": table.description,
        "path": f"../{file.path}",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "compression": "gz",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "header": True},
        "schema": {
            "fields": [_field(column) for column in table.columns],
            "primaryKey": list(table.key),
            "missingValues": [""],
        },
    }


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "type": TYPES[column.kind],
        "description": column.description + (f" Unit: {column.unit}." if column.unit else ""),
    }
    if column.kind == "timestamp":
        field["format"] = "%Y-%m-%dT%H:%M:%S.%fZ"
    return field
