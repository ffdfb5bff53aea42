"""The folder of a small release: its tables, bundles, log and documents, written without a platform."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from joulemark.log.checkpoints import Checkpoint, log_name
from joulemark.log.frontier import Frontier
from joulemark.log.leaf import LogLeaf
from joulemark.log.merkle import leaf_hash
from joulemark.log.notes import sign, verifier_key
from joulemark.log.tiles import TILE_WIDTH, encode_entries, entry_bundles, grow
from joulemark.release.attestation import attest
from joulemark.release.columns import Column, Table
from joulemark.release.layout import (
    ATTESTATION,
    CHECKPOINT,
    MANIFEST,
    RELEASES,
    SUMS,
    LeafRange,
    bundle_member,
    bundles_path,
    own_path,
    part_path,
    snapshot_path,
)
from joulemark.release.manifest import (
    BundleFile,
    ListedRelease,
    Manifest,
    ReleaseList,
    StoredFile,
    TableFile,
    TableFiles,
    Versions,
    encode_document,
    sums,
)
from joulemark.release.tables import TABLES
from joulemark.rules.judge import RULES_VERSION
from joulemark_simulation.records import ORIGIN, signing_key

NAME = "2026-12-02"
START = datetime(2026, 11, 1, tzinfo=UTC)
LOG_KEY = signing_key(99)
LICENCE = "CC-BY-4.0"
FEW_ROWS = 1000
"""Fewer rows have several row groups, so that these can be moved."""


def write(
    root: Path,
    entries: Sequence[LogLeaf],
    rows: Mapping[str, list[dict[str, Any]]],
    received: Sequence[tuple[str, bytes]],
    *,
    width: int | None = None,
) -> Path:
    """Write the folder of releases: a log of `entries`, the tables' `rows`, and the bundles by result.

    Ranges are `width` leaves wide, by default one holds all. The list of releases comes last.
    """
    bodies = [entry.encode() for entry in entries]
    size = len(bodies)
    frontier = Frontier()
    for body in bodies:
        frontier.add(leaf_hash(body))
    tiles = [
        _store(root, tile.path, data)
        for tile, data in grow(0, [leaf_hash(body) for body in bodies], lambda _: b"").items()
    ]
    for part in entry_bundles(0, size):
        first = part.index * TILE_WIDTH
        tiles.append(_store(root, part.path, encode_entries(bodies[first : first + part.width])))
    events = [
        {"leaf_index": index, "kind": entry.kind, "subject": entry.subject, "at": entry.at, "written": index,
         "statement": body.decode(), "leaf_hash": leaf_hash(body).hex(), "licence": LICENCE}
        for index, (entry, body) in enumerate(zip(entries, bodies, strict=True))
    ]  # fmt: skip
    all_rows = {**rows, "events": events}
    ranges = [LeafRange(start, min(start + (width or size), size)) for start in range(0, size, width or size)]
    tables = {table.name: _table_files(root, table, all_rows.get(table.name, []), ranges) for table in TABLES}
    leaf_of = {entry.subject: index for index, entry in enumerate(entries) if entry.kind == "result-received"}
    bundles = []
    for leaves in ranges:
        of_range = [each for each in received if leaves.start <= leaf_of[each[0]] < leaves.end]
        archive = _archive(of_range)
        stored = _store(root, bundles_path(leaves, hashlib.sha256(archive).hexdigest()), archive)
        bundles.append(
            BundleFile(
                path=stored.path, bytes=stored.bytes, sha256=stored.sha256, leaves=(leaves.start, leaves.end),
                count=len(of_range),
            )
        )  # fmt: skip
    manifest = Manifest(
        format="joulemark-release/1", name=NAME, made_at=START, origin=ORIGIN, previous=None, tree_size=size,
        log_key=verifier_key(LOG_KEY, name=log_name(ORIGIN)).encode(), root_hash=frontier.root().hex(),
        versions=Versions(software="0.1.0", tables=1, rules=RULES_VERSION, derivation="1"), tables=tables,
        bundles=tuple(bundles), tiles=tuple(tiles), suites=(), licence=LICENCE,
    )  # fmt: skip
    checkpoint = Checkpoint(origin=log_name(ORIGIN), size=size, root=frontier.root())
    note = sign(checkpoint.text(), name=log_name(ORIGIN), key=LOG_KEY)
    own = _store(root, own_path(NAME, CHECKPOINT), note.encode())
    files = [*manifest.files, own]
    publish(root, manifest, files)
    return root


def publish(root: Path, manifest: Manifest, files: Iterable[StoredFile], *, is_attested: bool = True) -> None:
    """Write the manifest, the sums and, last, the list."""
    data = encode_document(manifest)
    own = _store(root, own_path(manifest.name, MANIFEST), data)
    listed_sums = _store(root, own_path(manifest.name, SUMS), sums([*files, own]).encode())
    if is_attested:
        _store(
            root, own_path(manifest.name, ATTESTATION), attest(manifest, [*files, own, listed_sums], LOG_KEY)
        )
    listed = ListedRelease(
        name=manifest.name, made_at=manifest.made_at, tree_size=manifest.tree_size,
        manifest=own_path(manifest.name, MANIFEST), sha256=own.sha256,
    )  # fmt: skip
    (root / RELEASES).write_bytes(
        encode_document(ReleaseList(format="joulemark-releases/1", releases=(listed,)))
    )


def _store(root: Path, path: str, data: bytes) -> StoredFile:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return StoredFile(path=path, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def _archive(bundles: Iterable[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for result_id, data in bundles:
            member = tarfile.TarInfo(bundle_member(result_id))
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def _table_files(
    root: Path, table: Table, rows: list[dict[str, Any]], ranges: Sequence[LeafRange]
) -> TableFiles:
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in table.key))
    if table.partition == "leaf":
        files = [
            _table_file(
                root,
                table,
                [row for row in ordered if leaves.start <= row["leaf_index"] < leaves.end],
                leaves,
            )
            for leaves in ranges
        ]
    else:
        files = [_table_file(root, table, ordered, None)]
    return TableFiles(partition=table.partition, rows=len(rows), files=tuple(files))


def _table_file(root: Path, table: Table, rows: list[dict[str, Any]], leaves: LeafRange | None) -> TableFile:
    data = parquet_bytes(table, rows, rows_per_group=4 if len(rows) < FEW_ROWS else len(rows))
    digest = hashlib.sha256(data).hexdigest()
    path = (
        snapshot_path(table.name, digest, "parquet")
        if leaves is None
        else part_path(table.name, leaves, digest, "parquet")
    )
    stored = _store(root, path, data)
    return TableFile(
        path=path, bytes=stored.bytes, sha256=digest, form="parquet", rows=len(rows),
        leaves=None if leaves is None else (leaves.start, leaves.end),
    )  # fmt: skip


def parquet_bytes(table: Table, rows: list[dict[str, Any]], *, rows_per_group: int = 4) -> bytes:
    """The rows of a table as a Parquet file of small row groups; what a row does not have is null."""
    schema = pa.schema([pa.field(column.name, _type(column)) for column in table.columns])
    columns = [[_value(column, row.get(column.name)) for row in rows] for column in table.columns]
    arrow = pa.table(
        [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)],
        schema=schema,
    )
    out = io.BytesIO()
    parquet.write_table(arrow, out, row_group_size=rows_per_group)
    return out.getvalue()


def _type(column: Column) -> Any:
    return {
        "string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_(),
        "timestamp": pa.timestamp("us", tz="UTC"), "date": pa.date32(), "binary": pa.binary(), "json": pa.string(),
        "list<string>": pa.list_(pa.string()), "list<int64>": pa.list_(pa.int64()),
    }[column.kind]  # fmt: skip


def _value(column: Column, value: Any) -> Any:
    return json.dumps(value) if column.kind == "json" and value is not None else value
