"""Releases whose rows a restore lost: they lie in the root, and the log has an entry of each.

A row is made again of what the entry, the manifest, the sums and the attestation say together; nothing of it is taken
from the list of releases, which is a file that anybody with access to the root can write.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass

from django.db import transaction

from joulemark.record.errors import RecordError
from joulemark.release import layout
from joulemark.release.attestation import open_attestation, require_attested
from joulemark.release.layout import own_path, parse_name
from joulemark.release.manifest import Manifest, StoredFile, decode_manifest, sums
from measurements.ledger.facts import entry_facts
from measurements.ledger.gap_rows import register_restorer
from measurements.ledger.models import Leaf, LeafKind
from measurements.releases import storage
from measurements.releases.log_facts import release_facts
from measurements.releases.models import Release
from measurements.releases.release_list import read_list
from measurements.releases.release_row import release_row

logger = logging.getLogger(__name__)


class Unrestorable(Exception):
    """The files of a release do not say what its entry in the log does; `str(error)` says what to do."""


@dataclass(frozen=True, kw_only=True)
class ListedOtherwise:
    """Names of releases in which the table of releases and the list in the root disagree, each sorted."""

    without_row: tuple[str, ...]
    not_listed: tuple[str, ...]
    other_manifest: tuple[str, ...]


def compare_with_root() -> ListedOtherwise:
    """Where the published rows and the list in the root disagree. Raises Malformed, or what the storage raises."""
    listed = {release.name: release.sha256 for release in read_list().releases}
    rows = dict(Release.objects.exclude(published_at=None).values_list("name", "manifest_sha256"))
    return ListedOtherwise(
        without_row=tuple(sorted(listed.keys() - Release.objects.in_bulk(field_name="name").keys())),
        not_listed=tuple(sorted(rows.keys() - listed.keys())),
        other_manifest=tuple(
            sorted(name for name in rows.keys() & listed.keys() if rows[name] != listed[name])
        ),
    )


def restore_lost() -> tuple[list[str], dict[str, str]]:
    """Make every row again that the log has an entry of; the names of these, and why others were not, by name.

    A listed release without an entry is among the latter. Idempotent.
    """
    restored, why_not = [], {}
    digests = {release.sha256: release.name for release in read_list().releases}
    with_row = set(Release.objects.values_list("leaf_id", flat=True))
    leaves = Leaf.objects.filter(kind=LeafKind.RELEASE).exclude(pk__in=with_row).order_by("id")
    for leaf in leaves:
        name = str(leaf.entry().facts["name"])
        try:
            restored.append(_restore(leaf).name)
        except Unrestorable as error:
            why_not[name] = str(error)
    logged = set(
        Leaf.objects.filter(kind=LeafKind.RELEASE, subject__in=digests).values_list("subject", flat=True)
    )
    for digest in digests.keys() - logged:
        why_not[digests[digest]] = (
            f"{digests[digest]}: the log has no entry of its manifest, so it is none of this platform."
        )
    return restored, why_not


def restore_release(leaf: Leaf) -> bool:
    """The row behind an entry of the log; False where its files do not say the same, or the root does not answer."""
    try:
        _restore(leaf)
    except Unrestorable as error:
        logger.warning("not restored: release %s", error)
        return False
    return True


def _restore(leaf: Leaf) -> Release:
    """Raises Unrestorable."""
    name = str(leaf.entry().facts["name"])
    try:
        release = _row_of(leaf, name)
    except Unrestorable:
        raise
    except RecordError as error:
        raise Unrestorable(f"{name}: {error} Restore its folder from a copy.") from error
    except Exception as error:  # folders and buckets raise what they like; the sentence says which it was
        raise Unrestorable(
            f"{name}: the root of the releases cannot be read ({type(error).__name__}: {error}); once it can, run "
            "`manage.py restore_releases`."
        ) from error
    with transaction.atomic():
        release.save(force_insert=True)
    return release


def _row_of(leaf: Leaf, name: str) -> Release:
    """The row that manifest, sums and attestation give, once they fit each other and the entry.

    Raises Unrestorable, RecordError, or what the storage raises.
    """
    data = storage.read(own_path(name, layout.MANIFEST))
    if data is None or hashlib.sha256(data).hexdigest() != leaf.subject:
        raise Unrestorable(
            f"{name}: its manifest is not in the root, or is another one than the log names. Restore its folder from "
            "a copy, then run `manage.py restore_releases`."
        )
    manifest = decode_manifest(data)
    own = [_file(own_path(name, layout.MANIFEST), data)]
    listed = [*manifest.files, own[0]]
    paths = [own_path(name, file) for file in (layout.SUMS, layout.ATTESTATION)]
    own += [_file(path, storage.read(path) or b"") for path in paths]
    if own[1] != _file(own[1].path, sums(listed).encode()):
        raise Unrestorable(
            f"{name}: SHA256SUMS does not name the files of the manifest. Restore it from a copy."
        )
    attested = open_attestation(storage.read(own[2].path) or b"", log_key=manifest.log_key)
    require_attested(attested, manifest, [*listed, own[1]])
    release = release_row(manifest, data, own, new_bytes=_new_bytes(manifest, own))
    if entry_facts(release_facts(release)) != leaf.entry().facts:
        raise Unrestorable(f"{name}: its manifest says something else of it than the log; tell the auditors.")
    release.published_at = manifest.made_at
    release.leaf = leaf
    return release


def _file(path: str, data: bytes) -> StoredFile:
    return StoredFile(path=path, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def _new_bytes(manifest: Manifest, own: list[StoredFile]) -> int:
    """The size of what no former release has, as far as their manifests can be read."""
    name = parse_name(manifest.name)
    former = [listed for listed in read_list().releases if parse_name(listed.name) < name]
    stored = {
        file.path
        for listed in former
        if (data := storage.read(listed.manifest)) and hashlib.sha256(data).hexdigest() == listed.sha256
        for file in decode_manifest(data).files
    }
    new = [file for file in manifest.files if file.path not in stored]
    return sum(file.bytes for file in (*new, *own))


def register_restorers() -> None:
    """Register what can be restored of releases."""
    register_restorer(LeafKind.RELEASE, restore_release)
