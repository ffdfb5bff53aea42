"""A release that is listed and has one file: what pages and addresses need of one, in no time."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime

from django.db import transaction

from joulemark.release.layout import own_path
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.releases import storage
from measurements.releases.log_facts import release_facts
from measurements.releases.models import Release
from measurements.releases.release_list import list_releases

MANIFEST = b'{"format": "joulemark-release/1"}\n'


@transaction.atomic
def list_a_release(*, name: str = "2026-05-05") -> str:
    """The path of its one file, as addresses have it."""
    path = own_path(name, "manifest.json")
    storage.store(path, io.BytesIO(MANIFEST))
    release = Release(
        name=name,
        made_at=datetime(2026, 5, 5, tzinfo=UTC),
        tree_size=1,
        root_hash="0" * 64,
        manifest_sha256=hashlib.sha256(MANIFEST).hexdigest(),
        n_results=1,
        n_rows=1,
        n_files=1,
        total_bytes=len(MANIFEST),
        new_bytes=len(MANIFEST),
    )
    release.leaf = append_leaf(
        kind=LeafKind.RELEASE,
        subject=release.manifest_sha256,
        facts=release_facts(release),
        at=release.made_at,
    )
    release.save()
    list_releases()
    return path
