"""README.md of a release: what it is, how it is checked, and what each table holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.release.tables import TABLES
from measurements.releases.documents.words import description_of, title_of

if TYPE_CHECKING:
    from joulemark.release.manifest import Manifest


def readme(manifest: Manifest) -> str:
    """The whole file."""
    versions = manifest.versions
    lines = [
        f"# {title_of(manifest)}\n",
        f"{description_of(manifest)}\n",
        f"* Made at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC by {manifest.origin}.",
        f"* Covers the log up to {manifest.tree_size} entries, root `{manifest.root_hash}`.",
        f"* Made with {versions.software}; rules version {versions.rules}, tables version {versions.tables}.",
        f"* Previous release: {manifest.previous or 'none'}.",
        "* Licence: CC-BY-4.0, unless a row's column `licence` says otherwise.\n",
        "## Check it\n",
        "Paths in all files of this folder are relative to the folder that holds it, in which `releases.json` lies.\n",
        "```sh",
        f"sha256sum --check {manifest.name}/SHA256SUMS   # every file is the one that was written",
        f"joulemark replay . --release {manifest.name}   # signatures, log, rules, cells and ranks, recomputed",
        "```\n",
        f"The log's key is `{manifest.log_key}`. The SHA-256 of `manifest.json` is an entry `release` of the log.\n",
        "## Read it\n",
        "```python",
        "import joulemark",
        f'release = joulemark.open_release(".", name="{manifest.name}")',
        'cells = release.table("cells")   # a pyarrow table',
        "```\n",
        "```sql",
        "-- DuckDB",
        "SELECT task, count(*), sum(energy_gross_j) FROM read_parquet([...]) GROUP BY task;",
        "```\n",
        "A folder of several releases holds files of all of them; `manifest.json` names those of this one. A range of",
        "the log that was open in an earlier release has an older file beside its full one: read the files that the",
        "manifest names, not all that match a pattern.\n",
        "In CSV, text that a spreadsheet may run as a formula has an apostrophe in front; what is null is empty.\n",
        "## Tables\n",
        "| table | rows | |",
        "|---|--:|---|",
    ]
    for table in TABLES:
        rows = manifest.tables[table.name].rows if table.name in manifest.tables else 0
        lines.append(f"| `{table.name}` | {rows} | {table.description} |")
    lines += ["", "`schema.json` describes each column, with its unit."]
    return "\n".join(lines) + "\n"
