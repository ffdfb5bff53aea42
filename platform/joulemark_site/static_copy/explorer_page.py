"""The explorer of a copy: a page in each language, its scripts, and what it needs to know of each table."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils.translation import override

from joulemark.release.tables import TABLES
from joulemark_site.static_copy.explorer_words import explorer_words
from joulemark_site.static_copy.page_frame import POLICY
from measurements.web.languages import codes

if TYPE_CHECKING:
    from joulemark.release.columns import Table
    from joulemark.release.manifest import Manifest, TableFiles
    from joulemark_site.static_copy.page_frame import CopyOrigin

ASSETS = Path(__file__).parent / "assets"
PLACE = "copy"
ROOT = "../../"
"""The root of a copy from the explorer's page."""
ALWAYS = ("grade", "scope", "version", "suite_version")
"""Columns without which no number of a table is shown, where it has them."""
FIRST_TABLE = "cells"


def write_explorer(root: Path, manifest: Manifest, origin: CopyOrigin, *, styles: list[str]) -> list[str]:
    """Write the explorer below `root`; returns its files. `styles` are the site's, as the copy has them."""
    files = {f"{PLACE}/{name}": (ASSETS / name).read_bytes() for name in asset_names()}
    described = [table for table in TABLES if table.name in manifest.tables]
    for table in described:
        text = json.dumps(described_table(table, manifest.tables[table.name]), ensure_ascii=False, indent=1)
        files[f"{PLACE}/tables/{table.name}.json"] = f"{text}\n".encode()
    for language in codes():
        with override(language):
            page = render_to_string(
                "static_copy/explorer.html",
                {
                    "copy": origin,
                    "name": origin.release,
                    "origin": origin.origin,
                    "licence": origin.licence,
                    "root": ROOT,
                    "pages": "../",
                    "readme": f"{ROOT}releases/{origin.release}/README.md",
                    "library": f"{ROOT}{PLACE}/hyparquet/README.md",
                    "library_licence": f"{ROOT}{PLACE}/hyparquet/LICENSE",
                    "policy": POLICY,
                    "styles": styles,
                    "languages": codes(),
                    "language": language,
                    "tables": [(table, manifest.tables[table.name]) for table in described],
                    "words": json.dumps(explorer_words(), ensure_ascii=False, sort_keys=True),
                    "first": FIRST_TABLE,
                    "simulated": manifest.simulated,
                },
            )
        files[f"{language}/explorer/index.html"] = page.encode()
    for file, content in files.items():
        place = root / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return list(files)


def asset_names() -> list[str]:
    """Scripts, styles and licences of the explorer, relative to their folder."""
    return sorted(path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("*") if path.is_file())


def described_table(table: Table, files: TableFiles) -> dict[str, object]:
    """What the explorer reads of a table before its first row: a few kilobytes, however long the manifest is."""
    names = table.column_names
    return {
        "name": table.name,
        "rows": files.rows,
        "licence": table.licence,
        "always": [name for name in names if name in {*ALWAYS, *table.key}],
        "columns": [
            {"name": column.name, "kind": column.kind, "unit": column.unit, "about": column.description}
            for column in table.columns
        ],
        "files": [[file.path, file.bytes, file.rows] for file in files.of_form("parquet")],
    }


def script_digests() -> dict[str, str]:
    """SHA-256 of each script by its name, as tests compare the vendored ones with their list."""
    return {
        name: hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()
        for name in asset_names()
        if name.endswith(".js")
    }
