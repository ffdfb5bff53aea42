"""A release: complete, repeatable, listed last, and described in words that other projects' programs accept."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings, settings
from django.core.management import call_command
from django.test import Client

from joulemark.log import merkle
from joulemark.log.checkpoints import open_checkpoint
from joulemark.log.notes import VerifierKey
from joulemark.log.tiles import Tile, tree_root
from joulemark.record.errors import RecordError
from joulemark.release.attestation import open_attestation, require_attested
from joulemark.release.layout import LeafRange, is_release_path
from joulemark.release.manifest import decode_list, decode_manifest, parse_sums
from joulemark.release.tables import TABLES
from joulemark_simulation.result_rows import Run, make_result
from measurements.intake.models import Submission
from measurements.ledger.log_facts import read_rows
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.sequencer import sequence
from measurements.releases import services, storage
from measurements.releases.models import Release, WrittenRange
from measurements.releases.range_writer import RangeFiles, write_range
from measurements.releases.release_list import ManifestLost, list_releases
from measurements.releases.services import NotPublished, publish_due_release, publish_release
from measurements.releases.staging import Staging
from tests.web.populated import populate
from tests.web.release_reading import assert_sums, manifest_of, rows_of, snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of releases, which is empty."""
    return tmp_path / "releases"


def test_a_release_is_whole_and_its_parts_fit_together(root: Path) -> None:
    populate(with_release=False)
    release = publish_release()

    manifest = manifest_of(root, release.name)
    sums = parse_sums((root / release.name / "SHA256SUMS").read_text())
    present = snapshot(root)
    assert sums == {path: digest for path, digest in present.items() if path in sums}
    own = {f"{release.name}/SHA256SUMS", f"{release.name}/attestation.dsse.json"}
    assert set(present) - set(sums) == {*own, "releases.json"}, "every other file has a sum"
    assert all(is_release_path(path) for path in set(present) - {"releases.json"})
    assert_sums(root, release.name)

    key = VerifierKey.parse(manifest.log_key)
    checkpoint = open_checkpoint((root / release.name / "checkpoint").read_text(), key=key, origin=key.name)
    assert (checkpoint.size, checkpoint.root.hex()) == (manifest.tree_size, manifest.root_hash)
    assert tree_root(manifest.tree_size, lambda tile: _tile(root, tile)).hex() == manifest.root_hash

    events = rows_of(root, manifest, "events")
    assert [row["leaf_index"] for row in events] == list(range(manifest.tree_size))
    hashes = [merkle.leaf_hash(row["statement"].encode()).hex() for row in events]
    assert hashes == [row["leaf_hash"] for row in events]

    results = rows_of(root, manifest, "results")
    assert {row["result_id"] for row in results} == set(Submission.objects.values_list("pk", flat=True))
    bundles = {}
    for archive in manifest.bundles:
        with tarfile.open(root / archive.path) as tar:
            for member in tar:
                stream = tar.extractfile(member)
                assert stream is not None
                bundles[member.name] = hashlib.sha256(stream.read()).hexdigest()
    assert bundles == {f"{row['result_id']}.joulemark.json": row["result_id"] for row in results}

    assert len(rows_of(root, manifest, "cells")) == 2
    assert len(rows_of(root, manifest, "windows")) > 0
    assert {row["kind"] for row in rows_of(root, manifest, "traces")} >= {"counter", "span", "queries"}
    assert set(manifest.tables) == {table.name for table in TABLES}
    for table in TABLES:
        rows = rows_of(root, manifest, table.name)
        keys = [tuple(row[name] for name in table.key) for row in rows]
        assert len(set(keys)) == len(keys) == manifest.tables[table.name].rows, table.name
        assert keys == sorted(keys) or table.partition == "snapshot", table.name

    text = "".join(str(row) for row in events + results + rows_of(root, manifest, "contributors"))
    assert "Person ada" not in text, "a display name can be taken back, and a file cannot"


def _tile(root: Path, tile: Tile) -> bytes:
    return (root / tile.path).read_bytes()


def test_the_manifest_is_a_leaf_of_the_log_and_the_attestation_is_by_its_key(root: Path) -> None:
    populate(with_release=False)
    release = publish_release()
    sequence()

    leaf = Leaf.objects.get(kind=LeafKind.RELEASE)
    data = (root / release.name / "manifest.json").read_bytes()
    manifest = decode_manifest(data)
    assert leaf.subject == hashlib.sha256(data).hexdigest() == release.manifest_sha256
    assert leaf.index is not None
    assert leaf.index >= manifest.tree_size
    assert read_rows([leaf])[leaf.pk].facts == leaf.entry().facts
    Release.objects.update(tree_size=1)
    assert read_rows([leaf])[leaf.pk].facts != leaf.entry().facts, "whoever edits the row is seen"

    attested = (root / release.name / "attestation.dsse.json").read_bytes()
    statement = open_attestation(attested, log_key=manifest.log_key)
    require_attested(statement, manifest, manifest.files)
    subjects = {subject.name: subject.digest.sha256 for subject in statement.subject}
    assert subjects[f"{release.name}/manifest.json"] == release.manifest_sha256
    assert f"{release.name}/SHA256SUMS" in subjects
    with pytest.raises(RecordError):
        open_attestation(attested.replace(b'"payload":"', b'"payload":"A', 1), log_key=manifest.log_key)


def test_ranges_that_are_full_and_judged_are_written_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joulemark.release.layout.LEAVES_PER_PART", 4)
    populate(with_release=False)
    Submission.objects.filter(state="received").update(state="accepted")
    publish_release()
    n_full = manifest_of(root, Release.objects.latest("id").name).tree_size // 4
    assert WrittenRange.objects.count() == n_full > 1

    written: list[LeafRange] = []

    def counted(staging: Staging, leaves: LeafRange) -> RangeFiles:
        written.append(leaves)
        return write_range(staging, leaves)

    monkeypatch.setattr(services, "write_range", counted)
    release = publish_release()
    manifest = manifest_of(root, release.name)
    assert [str(leaves) for leaves in written] == [
        f"{start}-{min(start + 4, manifest.tree_size)}" for start in range(n_full * 4, manifest.tree_size, 4)
    ]
    settled = {file.leaves for file in manifest.tables["events"].files if file.settled}
    assert len(settled) == manifest.tree_size // 4
    assert [row["leaf_index"] for row in rows_of(root, manifest, "events")] == list(range(manifest.tree_size))


@pytest.mark.parametrize("killed_at", ["store_documents", "store_own_files", "_record", "list_releases"])
def test_a_killed_writer_leaves_nothing_half_visible(
    root: Path, monkeypatch: pytest.MonkeyPatch, client: Client, killed_at: str
) -> None:
    populate(with_release=False)
    first = publish_release()
    before = snapshot(root)
    make_result(Run(by="zoe", device="z"))
    original = getattr(services, killed_at)
    calls = {"list_releases": 2}.get(killed_at, 1)

    def kill(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls -= 1
        if calls == 0:
            raise KeyboardInterrupt
        return original(*args, **options)

    monkeypatch.setattr(services, killed_at, kill)
    with pytest.raises(KeyboardInterrupt):
        publish_release()
    left = snapshot(root)
    assert {path: left[path] for path in before} == before, "what was published is whole, the list among it"
    for path in left.keys() - before.keys():
        if path.startswith("2"):
            assert client.get(f"/releases/{path}").status_code == 404
    assert_sums(root, first.name)
    monkeypatch.setattr(services, killed_at, original)

    release = publish_release()

    names = [entry.name for entry in decode_list((root / "releases.json").read_bytes()).releases]
    assert release.name == names[0]
    assert set(names) == set(Release.objects.values_list("name", flat=True))
    assert len(names) == (3 if killed_at == "list_releases" else 2)
    for name in names:
        assert_sums(root, name)
    assert not list(root.rglob("*.new"))


def test_names_and_due_releases(root: Path, settings: LazySettings) -> None:
    assert publish_due_release() is None, "an empty platform has nothing to publish"
    populate(with_release=False)
    settings.RELEASES_EVERY_S = 0
    assert publish_due_release() is None
    settings.RELEASES_EVERY_S = 3600
    release = publish_due_release()
    assert release is not None
    assert publish_due_release() is None
    settings.RELEASES_EVERY_S = 1e-6
    sequence()
    assert publish_due_release() is None, "nothing has happened since, but for the release itself"
    make_result(Run(by="zoe", device="z"))
    later = publish_due_release()
    assert later is not None
    assert later.name == f"{release.name}.2"
    with pytest.raises(NotPublished, match="later name"):
        publish_release(name="2024-01-01")
    call_command("publish_release", "--name", "2199-01-01")
    with pytest.raises(RecordError):
        publish_release(name="tomorrow")


def test_a_list_is_kept_though_the_database_was_restored(root: Path) -> None:
    populate(with_release=False)
    release = publish_release()
    before = (root / "releases.json").read_bytes()
    kept = Release.objects.get()
    Release.objects.all().delete()
    list_releases()
    assert (root / "releases.json").read_bytes() == before
    kept.manifest_sha256 = "0" * 64
    kept.save(force_insert=True)
    with pytest.raises(ManifestLost):
        list_releases()
    assert release.name in before.decode()


def test_what_a_release_is_cited_by_is_there_and_is_its_own(root: Path, client: Client) -> None:
    """The page, reference managers and machine-learning tools name one address, and a version for each release."""
    populate(with_release=False)
    releases = [publish_release(), publish_release()]
    cited, versions = [], []
    for release in releases:
        folder = root / release.name
        citation = dict(line.split(": ", 1) for line in (folder / "CITATION.cff").read_text().splitlines())
        croissant = json.loads((folder / "croissant.json").read_text())
        (address,) = {
            json.loads(citation["url"]),
            json.loads((folder / "datacite.json").read_text())["url"],
            croissant["url"],
            croissant["citeAs"].partition("url={")[2].rstrip("}"),
        }
        cited.append(address)
        versions.append(croissant["version"])
        assert client.get(address.removeprefix(settings.ORIGIN)).status_code == 200
    assert cited[1] in client.get("/en/data/").text
    assert len(set(cited)) == len(set(versions)) == 2


def test_files_are_served_in_parts_and_kept_for_ever(root: Path, client: Client) -> None:
    populate(with_release=False)
    release = publish_release()
    manifest = manifest_of(root, release.name)
    path = manifest.tables["results"].of_form("parquet")[0].path
    data = (root / path).read_bytes()

    whole = client.get(f"/releases/{path}")
    assert b"".join(whole.streaming_content) == data  # type: ignore[attr-defined]
    assert "immutable" in whole["Cache-Control"]
    assert whole["Accept-Ranges"] == "bytes"
    for span, first, last in (("bytes=10-19", 10, 19), ("bytes=-8", len(data) - 8, len(data) - 1)):
        part = client.get(f"/releases/{path}", headers={"Range": span})
        assert part.status_code == 206
        assert b"".join(part.streaming_content) == data[first : last + 1]  # type: ignore[attr-defined]
        assert part["Content-Range"] == f"bytes {first}-{last}/{len(data)}"
    assert client.get(f"/releases/{path}", headers={"Range": f"bytes={len(data)}-"}).status_code == 416
    other = client.get(f"/releases/{path}", headers={"Range": "bytes=0-1", "If-Range": '"x"'})
    assert other.status_code == 200
    assert b"".join(other.streaming_content) == data  # type: ignore[attr-defined]
    assert client.get(f"/releases/{path}", headers={"If-None-Match": whole["ETag"]}).status_code == 304
    assert client.head(f"/releases/{path}")["Content-Length"] == str(len(data))
    for strange in ("../manage.py", "parts/../../x", "2026-12-02/../releases.json", "x"):
        assert client.get(f"/releases/{strange}").status_code == 404
    listed = client.get("/releases/releases.json")
    assert listed["Cache-Control"] == "no-cache"
    assert decode_list(listed.content).named(release.name) is not None

    api = client.get("/api/v1/releases/").json()
    assert [entry["name"] for entry in api["releases"]] == [release.name]
    assert api["releases"][0]["manifest_url"].endswith(f"/releases/{release.name}/manifest.json")
    for language in ("en", "ru"):
        page = client.get(f"/{language}/data/").content.decode()
        assert release.manifest_sha256 in page
        copied = f"{{releases.json,{release.name}/SHA256SUMS,{release.name}/attestation.dsse.json}}"
        assert f'"{api["root_url"]}{copied}"' in page, "the sums name all other files"
        assert f"joulemark replay {api['root_url']} --release {release.name}" in page


def test_storage_is_where_settings_say(root: Path) -> None:
    assert storage.local_folder() == root
    assert storage.address("releases.json") is None
