"""croissant.json: the tables in the words of MLCommons' Croissant 1.1, so that machine-learning tools load them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.release.columns import DATA_LICENCE_URL
from joulemark.release.layout import parse_name
from joulemark.release.tables import TABLES
from measurements.releases.documents.words import (
    AUTHOR,
    KEYWORDS,
    address_of,
    description_of,
    title_of,
)

if TYPE_CHECKING:
    from joulemark.release.columns import Column, Kind, Table
    from joulemark.release.manifest import Manifest, TableFile

PARQUET = "application/x-parquet"  # as mlcroissant knows it
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "isArray": "cr:isArray",
    "arrayShape": "cr:arrayShape",
}
TYPES: dict[Kind, str] = {
    "string": "sc:Text",
    "json": "sc:Text",
    "int64": "cr:Int64",
    "float64": "cr:Float64",
    "bool": "sc:Boolean",
    "timestamp": "sc:DateTime",
    "date": "sc:Date",
    "binary": "sc:Text",
    "list<string>": "sc:Text",
    "list<int64>": "cr:Int64",
}


def croissant(manifest: Manifest, *, site: str, files: str) -> dict[str, Any]:
    """The metadata document. Files are relative to the release's folder, so that a copy needs no site.

    `site` is the platform's address, `files` that of the root of releases.
    """
    address = address_of(manifest.name, files=files)
    tables = [table for table in TABLES if table.name in manifest.tables]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": f"joulemark-{manifest.name}",
        "description": description_of(manifest),
        "alternateName": title_of(manifest),
        "license": DATA_LICENCE_URL,
        "url": address,
        "version": _version(manifest),
        "datePublished": manifest.made_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "creator": {"@type": "sc:Organization", "name": AUTHOR},
        "publisher": {"@type": "sc:Organization", "name": "Joulemark", "url": site},
        "keywords": list(KEYWORDS),
        "inLanguage": "en",
        "isLiveDataset": False,
        "citeAs": f"@misc{{joulemark-{manifest.name}, title={{{title_of(manifest)}}}, author={{{{{AUTHOR}}}}}, "
        f"year={{{manifest.made_at.year}}}, version={{{manifest.name}}}, url={{{address}}}}}",
        "distribution": [
            entity for table in tables for entity in _distribution(table, _files(table, manifest))
        ],
        "recordSet": [_records(table, file) for table in tables for file in _files(table, manifest)],
    }


def _version(manifest: Manifest) -> str:
    """The day as a semantic version; a second release of it differs by its build."""
    name = parse_name(manifest.name)
    build = f"+{name.number}" if name.number > 1 else ""
    return f"{name.day:%Y.%-m.%-d}{build}"


def _files(table: Table, manifest: Manifest) -> tuple[TableFile, ...]:
    return manifest.tables[table.name].of_form("parquet")


def _distribution(table: Table, files: tuple[TableFile, ...]) -> list[dict[str, Any]]:
    """A file object each."""
    return [
        {
            "@type": "cr:FileObject",
            "@id": file.path,
            "name": file.path,
            "description": table.description,
            "contentUrl": f"../{file.path}",
            "contentSize": f"{file.bytes} B",
            "encodingFormat": PARQUET,
            "sha256": file.sha256,
        }
        for file in files
    ]


def _records(table: Table, file: TableFile) -> dict[str, Any]:
    """The rows of one file. mlcroissant reads sets of files out of archives only, so a range has records of its own."""
    name = f"{table.name}-{file.leaf_range}" if file.leaf_range else table.name
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": table.description,
        "key": [{"@id": f"{name}/{column}"} for column in table.key],
        "field": [_field(name, column, file) for column in table.columns],
    }


def _field(records: str, column: Column, file: TableFile) -> dict[str, Any]:
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{records}/{column.name}",
        "name": f"{records}/{column.name}",
        "description": column.description + (f" Unit: {column.unit}." if column.unit else ""),
        "dataType": TYPES[column.kind],
        "source": {"fileObject": {"@id": file.path}, "extract": {"column": column.name}},
    }
    if column.kind.startswith("list<"):
        field |= {"isArray": True, "arrayShape": "-1"}
    return field
