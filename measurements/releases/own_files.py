"""What is written last of a release: its manifest, the sums of all files, and the attestation over all of them."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

from joulemark.release import layout
from joulemark.release.attestation import attest
from joulemark.release.layout import own_path
from joulemark.release.manifest import Versions, sums
from joulemark.rules.judge import RULES_VERSION
from measurements.releases.range_writer import TABLES_VERSION, derivation

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from joulemark.release.manifest import Manifest, StoredFile
    from measurements.releases.staging import Staging


def made_by() -> Versions:
    """The versions of what makes a release."""
    return Versions(
        software=f"joulemark-platform {version('joulemark-platform')}, Python {platform.python_version()}",
        tables=TABLES_VERSION,
        rules=RULES_VERSION,
        derivation=derivation(),
    )


def store_own_files(
    staging: Staging, manifest: Manifest, data: bytes, *, key: Ed25519PrivateKey
) -> list[StoredFile]:
    """Store the manifest (`data` are its bytes), the sums, and the attestation over all; these three files."""
    own = staging.store_bytes(own_path(manifest.name, layout.MANIFEST), data)
    files = [*manifest.files, own]
    listed = staging.store_bytes(own_path(manifest.name, layout.SUMS), sums(files).encode())
    attested = attest(manifest, [*files, listed], key)
    return [own, listed, staging.store_bytes(own_path(manifest.name, layout.ATTESTATION), attested)]
