"""The attestation of a release: an in-toto statement about its files, signed with the key of the platform's log.

Any in-toto/DSSE verifier can check it; `open_attestation` does so offline. The public key is the one in the manifest's
`log_key`; whoever trusts the log's checkpoints trusts it already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, field

from joulemark.log.notes import VerifierKey
from joulemark.record.codec import Answer, decode, encode
from joulemark.record.envelope import Envelope, seal, verify
from joulemark.record.errors import Unverified
from joulemark.record.field_types import Sha256, Word
from joulemark.record.statement import PAYLOAD_TYPE, Count, Digest, Time
from joulemark.release.manifest import Manifest, ReleasePath, StoredFile, Versions
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

STATEMENT_TYPE: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Literal["urn:joulemark:release:v1"] = "urn:joulemark:release:v1"


class ReleaseSubject(Answer, frozen=True, kw_only=True):
    """One file: its path below the root, and its digest."""

    name: ReleasePath
    digest: Digest


class ReleasePredicate(Answer, frozen=True, kw_only=True):
    """What made the release, and of what."""

    name: str
    made_at: Time
    origin: Word
    previous: str | None
    tree_size: Count
    root_hash: Sha256
    versions: Versions


class ReleaseStatement(Answer, frozen=True, kw_only=True):
    """An in-toto Statement v1 about every file of a release."""

    type: Literal["https://in-toto.io/Statement/v1"] = field(name="_type")
    subject: Annotated[tuple[ReleaseSubject, ...], Meta(min_length=1)]
    predicate_type: Literal["urn:joulemark:release:v1"] = field(name="predicateType")
    predicate: ReleasePredicate


def attest(manifest: Manifest, files: Iterable[StoredFile], key: Ed25519PrivateKey) -> bytes:
    """The envelope's bytes: `files`, the manifest's own among them, signed with the private key of the log."""
    statement = ReleaseStatement(
        type=STATEMENT_TYPE,
        subject=tuple(
            ReleaseSubject(name=file.path, digest=Digest(sha256=file.sha256))
            for file in sorted(files, key=lambda file: file.path)
        ),
        predicate_type=PREDICATE_TYPE,
        predicate=ReleasePredicate(
            name=manifest.name,
            made_at=manifest.made_at,
            origin=manifest.origin,
            previous=manifest.previous,
            tree_size=manifest.tree_size,
            root_hash=manifest.root_hash,
            versions=manifest.versions,
        ),
    )
    return encode(seal(encode(statement), payload_type=PAYLOAD_TYPE, key=key)) + b"\n"


def open_attestation(data: bytes, *, log_key: str) -> ReleaseStatement:
    """The statement, once it is shown to be signed by the log's key (C2SP vkey).

    Raises Malformed or Unverified (JM-SIGNATURE, JM-PAYLOAD-TYPE).
    """
    public_key = VerifierKey.parse(log_key).public_key.hex()
    envelope = decode(data, Envelope, what="attestation of the release")
    payload = verify(envelope, public_key=public_key, payload_type=PAYLOAD_TYPE)
    return decode(payload, ReleaseStatement, what="attestation of the release")


def require_attested(statement: ReleaseStatement, manifest: Manifest, files: Iterable[StoredFile]) -> None:
    """Raises Unverified (JM-RELEASE-ATTESTATION) where the statement is about another release, or about other files."""
    attested = {subject.name: subject.digest.sha256 for subject in statement.subject}
    same = (statement.predicate.name, statement.predicate.tree_size, statement.predicate.root_hash) == (
        manifest.name,
        manifest.tree_size,
        manifest.root_hash,
    )
    other = next((file.path for file in files if attested.get(file.path) != file.sha256), None)
    if not same or other is not None:
        raise Unverified(
            "JM-RELEASE-ATTESTATION",
            _("The attestation is not about this release, or not about this content of {path}.").format(
                path=other or manifest.name
            ),
        )
