"""The facts of a release that the log records, computed from its row: on writing and on every audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measurements.ledger.log_facts import Recorded, register
from measurements.ledger.models import Leaf, LeafKind
from measurements.releases.models import Release

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from measurements.ledger.facts import RowFacts


def release_facts(release: Release) -> RowFacts:
    """The facts of a release beside its manifest's digest, which is the subject."""
    return {
        "name": release.name,
        "tree_size": release.tree_size,
        "root_hash": release.root_hash,
        "at": release.made_at,
    }


def read_releases(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Releases as they are now."""
    rows = Release.objects.filter(leaf__in=leaves)
    return {row.leaf_id: Recorded(row.manifest_sha256, release_facts(row)) for row in rows}


def register_readers() -> None:
    """Register the reader of the rows behind these leaves."""
    register(LeafKind.RELEASE, read_releases)
