"""Releases that are not what they were: by a careless copy, or by a publisher who signs nothing but sums anew."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace
from pyarrow import parquet

from joulemark.log.notes import sign
from joulemark.release.layout import (
    CHECKPOINT,
    LeafRange,
    bundles_path,
    own_path,
    parse_name,
    part_path,
    snapshot_path,
)
from joulemark.release.manifest import Manifest, StoredFile, TableFile, decode_list, decode_manifest
from joulemark.release.tables import table_named
from joulemark.rules.provenance import MOST_UNREPORTED
from joulemark_simulation.release_files import parquet_bytes, publish

Rows = list[dict[str, Any]]


def manifest_of(root: Path) -> Manifest:
    """The manifest of the newest release."""
    listed = decode_list((root / "releases.json").read_bytes()).releases[0]
    return decode_manifest((root / listed.manifest).read_bytes())


def rows_of(root: Path, name: str) -> Rows:
    """The rows of a table, JSON decoded."""
    structured = {column.name for column in table_named(name).columns if column.kind == "json"}
    rows: Rows = parquet.ParquetFile(root / _file(root, name).path).read().to_pylist()
    return [
        {
            key: json.loads(value) if key in structured and value is not None else value
            for key, value in row.items()
        }
        for row in rows
    ]


def edit_table(root: Path, name: str, edit: Callable[[Rows], Rows | None]) -> None:
    """Publish other rows of a table, with sums that fit."""
    rows = rows_of(root, name)
    edited = edit(rows)
    rows = rows if edited is None else edited
    _republish_table(root, name, parquet_bytes(table_named(name), rows), len(rows))


def drop_columns(root: Path, name: str, columns: Collection[str]) -> None:
    """Publish a table without some of its columns."""
    table = parquet.ParquetFile(root / _file(root, name).path).read()
    out = io.BytesIO()
    parquet.write_table(table.drop_columns(list(columns)), out)
    _republish_table(root, name, out.getvalue(), table.num_rows)


def cast_column(root: Path, name: str, column: str) -> None:
    """Publish a table that has the words of a column's numbers in their place."""
    table = parquet.ParquetFile(root / _file(root, name).path).read()
    place = table.schema.get_field_index(column)
    out = io.BytesIO()
    parquet.write_table(table.set_column(place, column, table.column(place).cast("string")), out)
    _republish_table(root, name, out.getvalue(), table.num_rows)


class AlteredThreshold(NamedTuple):
    """A rule whose published threshold is another one than that of the rules."""

    code: str
    published: str
    ours: str


def raise_threshold(root: Path) -> AlteredThreshold:
    """Publish a rule with twice the threshold by which results are judged."""
    altered = AlteredThreshold("JM-BEST-OF", str(2 * MOST_UNREPORTED), str(MOST_UNREPORTED))

    def edit(rows: Rows) -> None:
        [row] = [row for row in rows if row["code"] == altered.code]
        words = row["condition"].split()
        words[words.index(altered.ours)] = altered.published
        row["condition"] = " ".join(words)

    edit_table(root, "rules", edit)
    return altered


def reverse_row_groups(root: Path, name: str) -> None:
    """Publish a table whose row groups come in another order."""
    rows = rows_of(root, name)
    groups = [rows[start : start + 4] for start in range(0, len(rows), 4)]
    reordered = [row for group in reversed(groups) for row in group]
    _republish_table(root, name, parquet_bytes(table_named(name), reordered), len(rows))


def drop_bundle(root: Path) -> str:
    """Publish the archive of bundles without its first one; the id of its result."""
    manifest = manifest_of(root)
    [archive] = manifest.bundles
    out, dropped = io.BytesIO(), ""
    with tarfile.open(root / archive.path) as before, tarfile.open(fileobj=out, mode="w") as after:
        for member in before:
            if not dropped:
                dropped = member.name.partition(".")[0]
                continue
            after.addfile(member, before.extractfile(member))
    data = out.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    path = bundles_path(LeafRange(*archive.leaves), digest)
    (root / path).write_bytes(data)
    edited = replace(archive, path=path, bytes=len(data), sha256=digest, count=archive.count - 1)
    republish(root, replace(manifest, bundles=(edited,)))
    return dropped


def swap_checkpoint(root: Path, text: str, **signer: Any) -> None:
    """Publish another checkpoint."""
    (root / own_path(manifest_of(root).name, CHECKPOINT)).write_text(sign(text, **signer))
    republish(root, manifest_of(root))


def _republish_table(root: Path, name: str, data: bytes, n_rows: int) -> None:
    manifest, file = manifest_of(root), _file(root, name)
    digest = hashlib.sha256(data).hexdigest()
    path = (
        snapshot_path(name, digest, "parquet")
        if file.leaves is None
        else part_path(name, LeafRange(*file.leaves), digest, "parquet")
    )
    (root / path).write_bytes(data)
    edited = replace(file, path=path, bytes=len(data), sha256=digest, rows=n_rows)
    others = tuple(each for each in manifest.tables[name].files if each.form != "parquet")
    table = replace(manifest.tables[name], files=(edited, *others), rows=n_rows)
    republish(root, replace(manifest, tables=manifest.tables | {name: table}))


def republish(root: Path, manifest: Manifest, *, is_attested: bool = True) -> None:
    """Write manifest, sums and list anew; with the log's key the attestation too."""
    note = (root / own_path(manifest.name, CHECKPOINT)).read_bytes()
    own = StoredFile(
        path=own_path(parse_name(manifest.name), CHECKPOINT),
        bytes=len(note),
        sha256=hashlib.sha256(note).hexdigest(),
    )
    publish(root, manifest, [*manifest.files, own], is_attested=is_attested)


def _file(root: Path, name: str) -> TableFile:
    [file] = manifest_of(root).tables[name].of_form("parquet")
    return file
