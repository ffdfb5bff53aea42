"""The list of releases: the one file that is replaced, and the last one that a writer writes."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

from django.utils import timezone

from joulemark.release import layout
from joulemark.release.layout import own_path, parse_name
from joulemark.release.manifest import LIST_FORMAT, ListedRelease, ReleaseList, decode_list, encode_document
from measurements.releases import storage
from measurements.releases.models import Release

if TYPE_CHECKING:
    from collections.abc import Iterable


class ManifestLost(Exception):
    """A release that the log names has no manifest in the root, or another one; `str(error)` says what to do."""


def read_list() -> ReleaseList:
    """What the root lists; empty before the first release. Raises Malformed for a damaged list."""
    data = storage.read(layout.RELEASES)
    return decode_list(data) if data is not None else ReleaseList(format=LIST_FORMAT, releases=())


def listed_names() -> list[str]:
    """The names of what the root lists."""
    return [release.name for release in read_list().releases]


def is_listed(name: str) -> bool:
    """Whether the root lists a release of this name, by its row: the list itself grows with every release.

    It is read where there is a manifest and no row, as in a database that was restored.
    """
    rows = list(Release.objects.filter(name=name).values_list("published_at", flat=True))
    if rows:
        return rows[0] is not None
    return storage.root().exists(own_path(name, layout.MANIFEST)) and name in listed_names()


def list_releases() -> None:
    """List every release that has a row, beside those that are listed already; idempotent.

    A release stays listed though its row is gone, as in a database that was restored. Raises ManifestLost.
    """
    listed = {release.name: release for release in read_list().releases}
    rows = {row.name: _entry(row) for row in Release.objects.all()}
    if any(listed[name].sha256 != rows[name].sha256 for name in listed.keys() & rows.keys()):
        raise ManifestLost("The root lists another manifest under the name of a release; restore its files.")
    for name in rows.keys() - listed.keys():
        _require_manifest(rows[name])
    every = _sorted({**listed, **rows}.values())
    if every != _sorted(listed.values()):
        data = encode_document(ReleaseList(format=LIST_FORMAT, releases=every))
        storage.store(layout.RELEASES, io.BytesIO(data))
        storage.sync([layout.RELEASES])
    Release.objects.filter(published_at=None).update(published_at=timezone.now())


def _sorted(releases: Iterable[ListedRelease]) -> tuple[ListedRelease, ...]:
    return tuple(sorted(releases, key=lambda release: parse_name(release.name), reverse=True))


def _entry(row: Release) -> ListedRelease:
    return ListedRelease(
        name=row.name,
        made_at=row.made_at,
        tree_size=row.tree_size,
        manifest=own_path(row.name, layout.MANIFEST),
        sha256=row.manifest_sha256,
    )


def _require_manifest(release: ListedRelease) -> None:
    data = storage.read(release.manifest)
    if data is None or hashlib.sha256(data).hexdigest() != release.sha256:
        raise ManifestLost(
            f"The manifest of {release.name} is not in the root, or is another one than the log names; restore the "
            "folder of the releases from its copy."
        )
