"""Is every file of the release there, and is each the one that was published."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from joulemark.reader.errors import FILE_FAULTS
from joulemark.reader.roots import sha256_of
from joulemark.release.attestation import open_attestation, require_attested
from joulemark.release.layout import ATTESTATION, MANIFEST, RELEASES, SUMS, own_path
from joulemark.release.manifest import StoredFile, decode_list, parse_sums
from joulemark.replay.faults import UNREADABLE
from joulemark.replay.state_file import PartOutcome
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.log.notes import VerifierKey
    from joulemark.reader.release import OpenRelease

FILES_PER_PART = 64


def parts(release: OpenRelease) -> list[str]:
    """Slices of the manifest's files, and the lists of digests."""
    n_slices = -(-len(release.manifest.files) // FILES_PER_PART)
    return ["lists", *(str(number) for number in range(n_slices))]


def run(release: OpenRelease, part: str, *, log_key: VerifierKey | None) -> PartOutcome:
    """Compare the files of one slice with the manifest, or the manifest with the lists that name it."""
    outcome = PartOutcome()
    if part == "lists":
        _compare_lists(release, outcome)
        _compare_attestation(release, log_key, outcome)
        return outcome
    start = int(part) * FILES_PER_PART
    for file in release.manifest.files[start : start + FILES_PER_PART]:
        try:
            place = release.root.fetched(file)
            is_whole = place.stat().st_size == file.bytes and sha256_of(place) == file.sha256
        except FILE_FAULTS as error:
            outcome.differs(error.code, file.path, str(error))
            continue
        outcome.count("files")
        if not is_whole:
            outcome.differs(
                "JM-REPLAY-SUM",
                file.path,
                _("{path} is not the file that was published: its SHA-256 differs.").format(path=file.path),
            )
    return outcome


def _compare_lists(release: OpenRelease, outcome: PartOutcome) -> None:
    manifest = release.manifest
    try:
        listed = decode_list(release.root.read(RELEASES)).named(manifest.name)
        digests = parse_sums(release.root.read(own_path(manifest.name, SUMS)).decode())
    except UNREADABLE as error:
        outcome.differs("JM-REPLAY-LISTS", own_path(manifest.name, SUMS), str(error))
        return
    if listed is None or listed.sha256 != release.manifest_sha256:
        outcome.differs(
            "JM-REPLAY-LISTS", RELEASES, _("releases.json names another manifest than the one that is here.")
        )
    expected = {file.path: file.sha256 for file in manifest.files}
    for path in sorted(expected.keys() | digests.keys()):
        if path in expected:
            is_right = digests.get(path) == expected[path]
        elif path == own_path(manifest.name, MANIFEST):
            is_right = digests[path] == release.manifest_sha256
        else:
            is_right = _is_own(release, path, digests[path], manifest.name)
        if not is_right:
            outcome.differs(
                "JM-REPLAY-LISTS",
                path,
                _("SHA256SUMS and the manifest or the file disagree about {path}.").format(path=path),
            )


def _compare_attestation(release: OpenRelease, log_key: VerifierKey | None, outcome: PartOutcome) -> None:
    """Is every file, the manifest among them, attested with the key of the log."""
    manifest, path = release.manifest, own_path(release.name, ATTESTATION)
    own = StoredFile(path=own_path(release.name, MANIFEST), bytes=0, sha256=release.manifest_sha256)
    try:
        key = log_key.encode() if log_key is not None else manifest.log_key
        statement = open_attestation(release.root.read(path), log_key=key)
        require_attested(statement, manifest, [*manifest.files, own])
    except UNREADABLE as error:
        outcome.differs(
            "JM-REPLAY-ATTESTATION", path, _("The attestation does not hold: {why}").format(why=error)
        )
        return
    outcome.count("attestations")


def _is_own(release: OpenRelease, path: str, digest: str, name: str) -> bool:
    """Whether a file of the release's own folder has the digest that SHA256SUMS names."""
    if not path.startswith(f"{name}/"):
        return False
    try:
        return hashlib.sha256(release.root.read(path)).hexdigest() == digest
    except FILE_FAULTS:
        return False
