"""The row of a release, computed from its files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from measurements.releases.models import Release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.release.manifest import Manifest, StoredFile


def release_row(manifest: Manifest, data: bytes, own: Sequence[StoredFile], *, new_bytes: int) -> Release:
    """The row, without its leaf and not saved.

    `data` are the bytes of the manifest; `own` its file, the sums and the attestation, which no manifest names.
    """
    return Release(
        name=manifest.name,
        made_at=manifest.made_at,
        tree_size=manifest.tree_size,
        root_hash=manifest.root_hash,
        manifest_sha256=hashlib.sha256(data).hexdigest(),
        n_results=manifest.counts.get("results", 0),
        n_rows=sum(table.rows for table in manifest.tables.values()),
        n_files=len(manifest.files) + len(own),
        total_bytes=manifest.total_bytes + sum(file.bytes for file in own),
        new_bytes=new_bytes,
    )
