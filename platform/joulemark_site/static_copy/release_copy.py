"""The files of one release in a copy, each compared with the digest that the release names for it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from joulemark.record.errors import Malformed, RecordError
from joulemark.release import layout
from joulemark.release.attestation import open_attestation, require_attested
from joulemark.release.layout import own_path, parse_name
from joulemark.release.manifest import (
    LIST_FORMAT,
    ReleaseList,
    StoredFile,
    decode_manifest,
    encode_document,
    parse_sums,
)
from joulemark_site.static_copy.errors import SiteCopyError
from measurements.releases import storage
from measurements.releases.release_list import read_list

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from joulemark.release.manifest import ListedRelease, Manifest

FOLDER = "releases"
CHUNK_BYTES = 1024 * 1024
LATEST = "latest"


def listed_release(name: str) -> ListedRelease:
    """The release of this name that the list has, or the newest for `LATEST`. Raises SiteCopyError."""
    try:
        listed = read_list()
        release = listed.named(None if name == LATEST else str(parse_name(name)))
    except Malformed as error:
        raise SiteCopyError("JM-SITE-RELEASE", f"{error}") from error
    if release is None:
        names = ", ".join(release.name for release in listed.releases[:5]) or "none"
        raise SiteCopyError(
            "JM-SITE-RELEASE",
            f"There is no release {name!r} (listed, the newest first: {names}). Name one of these, or make one with "
            "manage.py publish_release.",
        )
    return release


def read_manifest(release: ListedRelease) -> Manifest:
    """Its manifest. Raises SiteCopyError where it is lost or another one than was listed."""
    data = storage.read(release.manifest)
    if data is None or hashlib.sha256(data).hexdigest() != release.sha256:
        raise _damaged(release.manifest)
    return decode_manifest(data)


def copy_release(release: ListedRelease, root: Path, *, report: Callable[[str], None]) -> list[str]:
    """Write its files below `root`; returns them, relative to it. Raises SiteCopyError or OSError.

    What is copied is what the manifest names, whose digest the list and the log have; the file of sums says the same.
    """
    manifest = read_manifest(release)
    digests: dict[str, str | None] = {file.path: file.sha256 for file in manifest.files}
    digests[release.manifest] = release.sha256
    _require_sums(own_path(release.name, layout.SUMS), digests)
    _require_attested(own_path(release.name, layout.ATTESTATION), release, manifest)
    digests |= {own_path(release.name, name): None for name in (layout.SUMS, layout.ATTESTATION)}
    for count, (path, digest) in enumerate(sorted(digests.items()), start=1):
        _copy_file(path, root / FOLDER / path, digest)
        report(f"release: {count} of {len(digests)} files")
    only = ReleaseList(format=LIST_FORMAT, releases=(release,))
    (root / FOLDER / layout.RELEASES).write_bytes(encode_document(only))
    return [f"{FOLDER}/{path}" for path in (*sorted(digests), layout.RELEASES)]


def _require_sums(path: str, digests: Mapping[str, str | None]) -> None:
    data = storage.read(path)
    try:
        if data is None or parse_sums(data.decode()) != digests:
            raise _damaged(path)
    except (RecordError, UnicodeDecodeError) as error:
        raise _damaged(path) from error


def _require_attested(path: str, release: ListedRelease, manifest: Manifest) -> None:
    data = storage.read(path)
    if data is None:
        raise _damaged(path)
    own = StoredFile(path=release.manifest, sha256=release.sha256, bytes=0)
    try:
        statement = open_attestation(data, log_key=manifest.log_key)
        require_attested(statement, manifest, [*manifest.files, own])
    except RecordError as error:
        raise _damaged(path) from error


def _copy_file(path: str, target: Path, digest: str | None) -> None:
    if not storage.root().exists(path):
        raise _damaged(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    digester = hashlib.sha256()
    with storage.root().open(path, "rb") as source, target.open("wb") as out:
        while chunk := source.read(CHUNK_BYTES):
            digester.update(chunk)
            out.write(chunk)
    if digest is not None and digester.hexdigest() != digest:
        raise _damaged(path)


def _damaged(path: str) -> SiteCopyError:
    return SiteCopyError(
        "JM-SITE-RELEASE-FILE",
        f"{path} is not in the root of the releases, or is another file than the release names. Restore it from a copy "
        "of the root, or export another release.",
    )
