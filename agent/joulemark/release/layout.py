"""Where what lies in a folder of releases. Paths are relative to its root, with `/`, wherever the root is.

A root is a local folder, a bucket, or any file server. Only `releases.json` is ever replaced; it is written last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from joulemark.record.errors import Malformed
from joulemark.release.columns import FORMS
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.release.columns import Form

RELEASES = "releases.json"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
CHECKPOINT = "checkpoint"
ATTESTATION = "attestation.dsse.json"
DOCUMENTS = (
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "schema.json",
    "croissant.json",
    "datapackage.json",
    "ro-crate-metadata.json",
    "CITATION.cff",
    "datacite.json",
)
"""Files that describe a release; its own folder has these, `MANIFEST`, `SUMS`, `CHECKPOINT` and `ATTESTATION`."""

LEAVES_PER_PART = 4096
"""Width of a range of leaves: a range that is full is written once and shared by all later releases."""

_MEDIA_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv.gz": "text/csv",
    ".jsonl.gz": "application/jsonl",
    ".tar": "application/x-tar",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".cff": "text/yaml; charset=utf-8",
}
_IN_WORDS = frozenset((SUMS, "LICENSE", CHECKPOINT))

SHORT_DIGITS = 16
"""Hex digits of a file's SHA-256 that stand in its name."""

_NAME = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)(?:\.(?P<number>[2-9]|[1-9]\d{1,4}))?", re.ASCII)
_FORM = "|".join(re.escape(form) for form in FORMS)
_RANGE = r"(?P<start>0|[1-9]\d{0,15})-(?P<end>[1-9]\d{0,15})"
_SHARED = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"parts/(?P<table>[a-z_]+)/{_RANGE}\.[0-9a-f]{{16}}\.(?:{_FORM})",
        rf"snapshots/(?P<table>[a-z_]+)/[0-9a-f]{{16}}\.(?:{_FORM})",
        rf"bundles/{_RANGE}\.[0-9a-f]{{16}}\.tar",
        r"suites/[0-9a-f]{64}\.tar",
        r"tile/(?:entries|[0-9])/(?:x\d{3}/){0,6}\d{3}(?:\.p/\d{1,3})?",
    )
)
_OWN = frozenset((MANIFEST, SUMS, CHECKPOINT, ATTESTATION, *DOCUMENTS))


@dataclass(frozen=True, order=True)
class ReleaseName:
    """A release by its day and its number on it. Names sort as releases were made."""

    day: date
    number: int = 1

    def __str__(self) -> str:
        return f"{self.day.isoformat()}" + (f".{self.number}" if self.number > 1 else "")

    @property
    def next(self) -> ReleaseName:
        """The name of the next one on the same day."""
        return ReleaseName(self.day, self.number + 1)


def parse_name(name: str) -> ReleaseName:
    """The release that `name` is. Raises Malformed (JM-RELEASE-NAME)."""
    match = _NAME.fullmatch(name)
    try:
        day = date.fromisoformat(match["day"]) if match else None
    except ValueError:  # such as a 13th month
        day = None
    if match is None or day is None:
        raise Malformed(
            "JM-RELEASE-NAME",
            _('No release is named {name!r}: names are like "2026-12-02", or "2026-12-02.2" for a second one.').format(
                name=name[:40]
            ),
        )  # fmt: skip
    return ReleaseName(day, int(match["number"] or 1))


@dataclass(frozen=True, order=True)
class LeafRange:
    """Entries of the log from `start` to `end`, without it."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Raises ValueError for a range without a leaf."""
        if not 0 <= self.start < self.end:
            raise ValueError(f"{self.start} to {self.end} is no range of leaves.")

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"

    @property
    def is_full(self) -> bool:
        """Whether no further leaf can come into it."""
        return self.end % LEAVES_PER_PART == 0


def leaf_ranges(tree_size: int) -> Iterator[LeafRange]:
    """The ranges of a log with so many entries, in order; the last one may be open."""
    for start in range(0, tree_size, LEAVES_PER_PART):
        yield LeafRange(start, min(start + LEAVES_PER_PART, tree_size))


def part_path(table: str, leaves: LeafRange, sha256: str, form: Form) -> str:
    """Where the file of a range of a leaf table lies."""
    return f"parts/{table}/{leaves}.{sha256[:SHORT_DIGITS]}.{form}"


def snapshot_path(table: str, sha256: str, form: Form) -> str:
    """Where the file of a snapshot table lies; the same content has the same path in every release."""
    return f"snapshots/{table}/{sha256[:SHORT_DIGITS]}.{form}"


def bundles_path(leaves: LeafRange, sha256: str) -> str:
    """Where the bundles of a range lie, exactly as they were received."""
    return f"bundles/{leaves}.{sha256[:SHORT_DIGITS]}.tar"


def bundle_member(result_id: str) -> str:
    """The name of one of them in its archive, which is the one that the platform hands it out under."""
    return f"{result_id}.joulemark.json"


def suite_path(digest: str) -> str:
    """Where the files of a suite lie."""
    return f"suites/{digest}.tar"


def own_path(name: ReleaseName | str, file: str) -> str:
    """Where a file of one release alone lies, such as its manifest. Raises ValueError for a file that has no place."""
    if file not in _OWN:
        raise ValueError(f"{file} is no file of a release's own folder.")
    return f"{name}/{file}"


def media_type(path: str) -> str:
    """The media type of a file's bytes as they lie there: what is compressed is handed out compressed."""
    if path.endswith(".gz"):
        return "application/gzip"
    return content_type(path)


def content_type(path: str) -> str:
    """The media type of what a file holds, unpacked where it is compressed."""
    if path.rpartition("/")[2] in _IN_WORDS:
        return "text/plain; charset=utf-8"
    return next(
        (kind for end, kind in _MEDIA_TYPES.items() if path.endswith(end)), "application/octet-stream"
    )


def is_release_path(path: str) -> bool:
    """Whether something of a release can lie here. No other path is read or served, so none leads out of the root."""
    if any(pattern.fullmatch(path) for pattern in _SHARED):
        return True
    folder, _slash, file = path.partition("/")
    return file in _OWN and _NAME.fullmatch(folder) is not None
