"""A release as a reader has it: its manifest, its tables as pyarrow, its rows as objects, its bundles as bytes."""

from __future__ import annotations

import hashlib
import json
import tarfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from joulemark.reader.column_kinds import require_kinds
from joulemark.reader.errors import FileChanged, LibraryMissing, NoRelease
from joulemark.reader.objects import CellRecord, ComparisonRecord, ResultRecord, VerdictRecord, record_of
from joulemark.reader.roots import changed, root_of, sha256_of
from joulemark.record.limits import MAX_BUNDLE_BYTES
from joulemark.release.layout import RELEASES, bundle_member
from joulemark.release.manifest import decode_list, decode_manifest
from joulemark.release.tables import table_named
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from joulemark.reader.objects import Kind
    from joulemark.reader.roots import Root
    from joulemark.release.manifest import BundleFile, Manifest, StoredFile, TableFile

BATCH_ROWS = 4096
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of moments with and without a zone


class ArchivedBundle(NamedTuple):
    """A bundle as it was received, and where in its archive its bytes begin."""

    result_id: str
    data: bytes
    offset: int


def open_release(
    path_or_url: str | os.PathLike[str], name: str | None = None, *, cache: Path | None = None
) -> OpenRelease:
    """Open the newest release, or the one of this `name`, in a folder or at an http(s) address.

    Files of an address are downloaded when they are first needed, into `cache`, and verified by their SHA-256; so are
    those of a folder. Raises NoRelease, FileMissing, FileChanged, or Malformed for documents that are none.
    """
    root = root_of(path_or_url, cache=cache)
    releases = decode_list(root.read(RELEASES))
    listed = releases.named(name)
    if listed is None:
        names = ", ".join(release.name for release in releases.releases) or _("none")
        raise NoRelease(
            _("{root} has no release {name}. It has: {names}.").format(
                root=root.name, name=name or "", names=names
            )
        )
    data = root.read(listed.manifest)
    if hashlib.sha256(data).hexdigest() != listed.sha256:
        raise changed(listed.manifest)
    return OpenRelease(root, decode_manifest(data), manifest_sha256=listed.sha256)


class OpenRelease:
    """One release. Energies are in joules, times in seconds; each row names grade, scope, version and licence."""

    def __init__(self, root: Root, manifest: Manifest, *, manifest_sha256: str) -> None:
        self.root, self.manifest, self.manifest_sha256 = root, manifest, manifest_sha256
        self._verified: set[str] = set()

    @property
    def name(self) -> str:
        """Its day, and its number on it."""
        return self.manifest.name

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables."""
        return tuple(self.manifest.tables)

    def file(self, file: StoredFile) -> Path:
        """A file on this machine, verified once. Raises FileMissing or FileChanged."""
        place = self.root.fetched(file)
        if file.path not in self._verified:
            if sha256_of(place) != file.sha256:
                raise changed(file.path)
            self._verified.add(file.path)
        return place

    def files(self, table: str) -> tuple[TableFile, ...]:
        """The Parquet files of a table, by range. Raises KeyError for a table that it does not have."""
        return self.manifest.tables[table].of_form("parquet")

    def paths(self, table: str) -> list[str]:
        """The same as paths on this machine, for DuckDB's `read_parquet` and for polars' `scan_parquet`."""
        return [str(self.file(file)) for file in self.files(table)]

    def table(self, name: str, *, columns: Sequence[str] | None = None) -> Any:
        """A whole table as `pyarrow.Table`. `.to_pandas()`, `polars.from_arrow` and DuckDB read it."""
        arrow, parquet = table_libraries()
        read = [
            parquet.ParquetFile(place).read(columns=None if columns is None else list(columns))
            for place in self.paths(name)
        ]
        if not read:
            raise NoRelease(_("The table {name} has no Parquet file in this release.").format(name=name))
        return arrow.concat_tables(read)

    def batches(self, name: str, *, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """The same in `pyarrow.RecordBatch`es, so that no table needs to fit into memory."""
        for file in self.files(name):
            yield from batches_of(self.file(file), columns=columns)

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """The rows of a table as dictionaries; JSON columns are decoded."""
        for batch in self.batches(name):
            yield from rows_of_batch(name, batch)

    def cells(self) -> Iterator[CellRecord]:
        """The values of the boards."""
        return self._objects("cells", CellRecord)

    def results(self) -> Iterator[ResultRecord]:
        """Every result that was received."""
        return self._objects("results", ResultRecord)

    def comparisons(self) -> Iterator[ComparisonRecord]:
        """General-purpose against task-specific models."""
        return self._objects("comparisons", ComparisonRecord)

    def verdicts(self) -> Iterator[VerdictRecord]:
        """Every verdict."""
        return self._objects("verdicts", VerdictRecord)

    def bundles(self) -> Iterator[tuple[str, bytes]]:
        """Every bundle as it was received, with its result's id, in the order of the log."""
        for archive in self.manifest.bundles:
            for bundle in bundles_in(self.file(archive)):
                yield bundle.result_id, bundle.data

    def bundle(self, result_id: str) -> bytes:
        """The bundle of one result as it was received. Raises KeyError for a result that the release does not have."""
        for row in self._id_rows(result_id):
            for archive in self.manifest.bundles:
                if archive.leaves[0] <= row < archive.leaves[1]:
                    return self._member(archive, result_id)
        raise KeyError(result_id)

    def _id_rows(self, result_id: str) -> Iterator[int]:
        for batch in self.batches("results", columns=("leaf_index", "result_id")):
            for row in batch.to_pylist():
                if row["result_id"] == result_id:
                    yield row["leaf_index"]

    def _member(self, archive: BundleFile, result_id: str) -> bytes:
        for bundle in bundles_in(self.file(archive), result_id):
            return bundle.data
        raise KeyError(result_id)

    def _objects(self, table: str, kind: type[Kind]) -> Iterator[Kind]:
        return (record_of(kind, row) for row in self.rows(table))


def batches_of(place: Path, *, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """The record batches of one Parquet file, row group by row group."""
    _arrow, parquet = table_libraries()
    with parquet.ParquetFile(place) as file:
        yield from file.iter_batches(
            batch_size=BATCH_ROWS, columns=None if columns is None else list(columns)
        )


def schema_of(place: Path) -> Any:
    """The `pyarrow.Schema` of one Parquet file."""
    _arrow, parquet = table_libraries()
    with parquet.ParquetFile(place) as file:
        return file.schema_arrow


def rows_of_batch(table: str, batch: Any) -> Iterator[dict[str, Any]]:
    """The rows of a record batch of a table; JSON columns are decoded where the batch has them.

    Raises ValueError for a column of another kind than its table declares, and for text that is no JSON.
    """
    require_kinds(table, batch.schema)
    structured = {column.name for column in table_named(table).columns if column.kind == "json"}
    names = batch.schema.names
    columns = [_values(batch.column(name), is_json=name in structured) for name in names]
    return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))


def _values(column: Any, *, is_json: bool) -> list[Any]:
    """The values of a column; moments as UTC, without the help of a library that pyarrow would import for them."""
    arrow, _parquet = table_libraries()
    if arrow.types.is_timestamp(column.type):
        counted = column.cast(arrow.timestamp("us", column.type.tz)).cast(arrow.int64()).to_pylist()
        zone = UTC if column.type.tz else None
        start = EPOCH.replace(tzinfo=zone)
        try:
            return [None if n is None else start + timedelta(microseconds=n) for n in counted]
        except OverflowError as error:
            raise ValueError(str(error)) from error
    values: list[Any] = column.to_pylist()
    return [None if value is None else json.loads(value) for value in values] if is_json else values


def bundles_in(place: Path, result_id: str | None = None) -> Iterator[ArchivedBundle]:
    """The bundles in an archive, or the one of a result. Raises tarfile.TarError or OSError.

    Raises FileChanged for one that is larger than a platform accepts; nothing of it is read.
    """
    suffix = bundle_member("")
    with tarfile.open(place, mode="r:") as archive:
        for member in archive:
            if result_id is not None and member.name != bundle_member(result_id):
                continue
            if member.size > MAX_BUNDLE_BYTES:
                raise FileChanged(
                    _("{path} has a bundle of {size} bytes; no platform accepts so large a one.").format(
                        path=place.name, size=member.size
                    )
                )
            file = archive.extractfile(member) if member.isfile() and not member.issparse() else None
            if file is not None:
                yield ArchivedBundle(member.name.removesuffix(suffix), file.read(), member.offset_data)


def table_libraries() -> tuple[Any, Any]:
    """pyarrow and its Parquet reader. Raises LibraryMissing."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise LibraryMissing(
            _("Tables of a release are read by pyarrow: `pip install pyarrow`, then try again.")
        ) from error
    return pa, parquet
