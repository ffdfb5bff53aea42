"""The manifest of a release and the list of releases: what was written, how large, under which digest.

Both are JSON. Readers ignore fields that they do not know; what a path may be is `layout`'s to say.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, field

from joulemark.record.codec import Answer, decode
from joulemark.record.errors import Malformed
from joulemark.record.field_types import Sha256, Word
from joulemark.record.statement import Count, Time
from joulemark.release.columns import Form, Partition
from joulemark.release.layout import LeafRange, is_release_path, own_path, parse_name
from joulemark.release.tables import table_named
from joulemark.translation import gettext as _

LIST_FORMAT: Literal["joulemark-releases/1"] = "joulemark-releases/1"
MANIFEST_FORMAT: Literal["joulemark-release/1"] = "joulemark-release/1"
MOST_MANIFEST_BYTES = 64 * 1024 * 1024
"""Of a million results a manifest has about 2 MiB."""

ReleasePath = Annotated[str, Meta(min_length=1, max_length=200)]
Leaves = Annotated[tuple[Count, Count], Meta(description="first index, and the one behind the last")]
T = TypeVar("T")


class StoredFile(Answer, frozen=True, kw_only=True):
    """A file of a release. `path` is relative to the root. Raises ValueError for a path that no release has."""

    path: ReleasePath
    bytes: Count
    sha256: Sha256

    def __post_init__(self) -> None:
        """Raises ValueError, which decoding reports as a schema fault."""
        if not is_release_path(self.path):
            raise ValueError(f"{self.path!r} is no path of a release")


class TableFile(StoredFile, frozen=True, kw_only=True):
    """A file of a table in one form; `leaves` is the range of a table that is partitioned by leaves.

    `settled`: no later release writes this range again, unless the way in which rows are derived changes.
    """

    form: Form
    rows: Count
    leaves: Leaves | None = None
    settled: bool = False

    @property
    def leaf_range(self) -> LeafRange | None:
        """The range, None of a snapshot."""
        return LeafRange(*self.leaves) if self.leaves is not None else None


class BundleFile(StoredFile, frozen=True, kw_only=True):
    """An archive of bundles exactly as they were received; `count` of them came with the range's leaves."""

    leaves: Leaves
    count: Count
    settled: bool = False


class SuiteFile(StoredFile, frozen=True, kw_only=True):
    """The files of a suite as the platform hands them out. `digest` is the suite's own."""

    suite: Word
    version: Word
    digest: Sha256


class TableFiles(Answer, frozen=True, kw_only=True):
    """A table's files; `rows` counts each row once, however many forms it is in."""

    partition: Partition
    rows: Count
    files: tuple[TableFile, ...]

    def of_form(self, form: Form) -> tuple[TableFile, ...]:
        """The files of one form, by range."""
        return tuple(file for file in self.files if file.form == form)


class Versions(Answer, frozen=True, kw_only=True):
    """What made it: `derivation` changes when rows of old leaves would come out otherwise."""

    software: Word
    tables: Count
    rules: Word
    derivation: Word
    source_sha256: Sha256 | None = None


class Manifest(Answer, frozen=True, kw_only=True):
    """Everything that a release is made of, but for the files in its own folder, which SHA256SUMS names.

    `root_hash` is the hex root of the log's tree with `tree_size` entries, which `checkpoint` signs with the key
    `log_key` (C2SP vkey). `former_log_keys` signed checkpoints before it. `simulated`: it holds results of a simulated
    crowd, which nobody measured.
    """

    format: Literal["joulemark-release/1"]
    name: str
    made_at: Time
    origin: Word
    log_key: Word
    former_log_keys: tuple[Word, ...] = ()
    previous: str | None
    tree_size: Count
    root_hash: Sha256
    versions: Versions
    tables: dict[str, TableFiles]
    bundles: tuple[BundleFile, ...]
    tiles: tuple[StoredFile, ...]
    suites: tuple[SuiteFile, ...]
    documents: tuple[StoredFile, ...] = ()
    counts: dict[str, Count] = field(default_factory=dict)
    licence: Word
    simulated: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError, which decoding reports as a schema fault, where parts do not fit one another."""
        _require_name(self.name)
        if self.previous is not None:
            _require_name(self.previous)
        for name, table in self.tables.items():
            _require_fitting(name, table, self.tree_size)

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """Every file that it names, each once, by path."""
        tables = (file for table in self.tables.values() for file in table.files)
        every = {
            file.path: file
            for group in (tables, self.bundles, self.tiles, self.suites, self.documents)
            for file in group
        }
        return tuple(every[path] for path in sorted(every))

    @property
    def total_bytes(self) -> int:
        """The size of all of them."""
        return sum(file.bytes for file in self.files)


class ListedRelease(Answer, frozen=True, kw_only=True):
    """A release in the list: `manifest` is its path, `sha256` the digest of its bytes, which is a leaf of the log."""

    name: str
    made_at: Time
    tree_size: Count
    manifest: ReleasePath
    sha256: Sha256

    def __post_init__(self) -> None:
        """Raises ValueError, which decoding reports as a schema fault."""
        _require_name(self.name)
        if self.manifest != own_path(self.name, "manifest.json"):
            raise ValueError(f"{self.manifest!r} is not where the manifest of {self.name} lies")


class ReleaseList(Answer, frozen=True, kw_only=True):
    """`releases.json`: every release, newest first."""

    format: Literal["joulemark-releases/1"]
    releases: tuple[ListedRelease, ...]

    def __post_init__(self) -> None:
        """Raises ValueError, which decoding reports as a schema fault."""
        names = [parse_name(release.name) for release in self.releases]
        if names != sorted(set(names), reverse=True):
            raise ValueError("the releases are not each there once, newest first")

    def named(self, name: str | None = None) -> ListedRelease | None:
        """The release with this name, or the newest; None where there is none."""
        return next((release for release in self.releases if name in (None, release.name)), None)


def decode_manifest(data: bytes) -> Manifest:
    """The manifest in `data`. Raises Malformed (JM-UTF8, JM-JSON, JM-SCHEMA; JM-RELEASE-FORMAT for another format)."""
    return _decode(data, Manifest, MANIFEST_FORMAT, what="manifest of the release")


def decode_list(data: bytes) -> ReleaseList:
    """The list in `data`. Raises Malformed, as `decode_manifest`."""
    return _decode(data, ReleaseList, LIST_FORMAT, what="list of releases")


def encode_document(document: Manifest | ReleaseList) -> bytes:
    """The exact bytes that are written: indented JSON with a last newline, in the order of the fields."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def sums(files: tuple[StoredFile, ...] | list[StoredFile]) -> str:
    """The text of SHA256SUMS, as `sha256sum -c` reads it in the root: a line a file, by path."""
    return "".join(
        f"{digest}  {path}\n" for path, digest in sorted({file.path: file.sha256 for file in files}.items())
    )


def parse_sums(text: str) -> dict[str, str]:
    """SHA-256 by path. Raises Malformed (JM-RELEASE-SUMS) for a line that is none, or a path that no release has."""
    digests: dict[str, str] = {}
    for line in text.splitlines():
        digest, gap, path = line[:64], line[64:66], line[66:]
        is_digest = len(digest) == 64 and set(digest) <= set("0123456789abcdef")
        if not is_digest or gap != "  " or not is_release_path(path) or path in digests:
            raise Malformed(
                "JM-RELEASE-SUMS",
                _("SHA256SUMS has a line that names no file of a release once: {line!r}").format(
                    line=line[:100]
                ),
            )
        digests[path] = digest
    return digests


def _decode(data: bytes, kind: type[T], expected: str, *, what: str) -> T:
    try:
        head: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        head = None  # decoding says it better
    format_name = head.get("format") if isinstance(head, dict) else None
    if isinstance(format_name, str) and format_name != expected:
        raise Malformed(
            "JM-RELEASE-FORMAT",
            _("The {what} is of the format {found!r}; this version reads {expected}. Update joulemark.").format(
                what=what, found=format_name[:60], expected=expected
            ),
        )  # fmt: skip
    return decode(data, kind, what=what)


def _require_name(name: str) -> None:
    try:
        parse_name(name)
    except Malformed as error:
        raise ValueError(str(error)) from error


def _require_fitting(name: str, table: TableFiles, tree_size: int) -> None:
    """Raises ValueError where a table that is known is partitioned otherwise, or its ranges leave something out."""
    try:
        declared = table_named(name)
    except KeyError:
        return  # a later version has more tables
    if declared.partition != table.partition:
        raise ValueError(f"the table {name} is not partitioned by {declared.partition}")
    for form in {file.form for file in table.files}:
        files = table.of_form(form)
        if sum(file.rows for file in files) != table.rows:
            raise ValueError(f"the rows of {name} in {form} do not add up to {table.rows}")
        if table.partition == "leaf":
            _require_whole(name, files, tree_size)


def _require_whole(name: str, files: tuple[TableFile, ...], tree_size: int) -> None:
    """Raises ValueError where ranges do not follow one another from 0 to the size of the tree."""
    end = 0
    for file in files:
        if file.leaves is None or file.leaves[0] != end or file.leaves[1] <= end:
            raise ValueError(f"the ranges of {name} do not follow one another at {file.path}")
        end = file.leaves[1]
    if end != tree_size:
        raise ValueError(f"the ranges of {name} end at {end}, not at {tree_size}")
