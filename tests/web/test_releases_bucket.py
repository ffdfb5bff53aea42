"""Releases in a bucket: written over S3's protocol to the process of a server, listed last, and read back whole."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from django.conf import LazySettings
from django.test import Client

from joulemark.reader.release import open_release
from joulemark.release.layout import media_type
from joulemark.release.manifest import decode_list, decode_manifest
from joulemark_site import release_storage
from measurements.releases import storage
from measurements.releases.services import publish_release
from tests.web.populated import populate

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "build" / "validators" / "bin" / "moto_server"
ANYBODY_READS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
    ],
}
pytestmark = [pytest.mark.django_db, pytest.mark.processes]


@dataclass(frozen=True)
class Bucket:
    """A bucket, as its owner reads it, and the address of its server."""

    address: str
    client: Any

    def read(self, path: str) -> bytes:
        """The bytes of a file of releases."""
        data: bytes = self.client.get_object(Bucket="data", Key=f"boards/{path}")["Body"].read()
        return data


@pytest.fixture
def bucket(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket, in which settings let releases lie."""
    assert SERVER.exists(), "run `make release-validators`"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [SERVER, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait_for(port)
            client = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
            client.create_bucket(Bucket="data")
            client.put_bucket_policy(Bucket="data", Policy=json.dumps(ANYBODY_READS))
            monkeypatch.setenv("JOULEMARK_RELEASES_BUCKET", "data/boards")
            monkeypatch.setenv("JOULEMARK_RELEASES_ENDPOINT", address)
            monkeypatch.setenv("JOULEMARK_RELEASES_REGION", "us-east-1")
            monkeypatch.setenv("JOULEMARK_RELEASES_URL", f"{address}/data/boards")
            releases, settings.RELEASES_URL = release_storage.storage(ROOT, settings.ORIGIN)
            settings.STORAGES = {**settings.STORAGES, "releases": releases}
            yield Bucket(address, client)
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    for _attempt in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server of the bucket does not answer")


def test_who_downloads_gets_the_bytes_that_were_written(bucket: Bucket, tmp_path: Path) -> None:
    populate(with_release=False)
    release = publish_release()
    address = f"{bucket.address}/data/boards/"

    published = open_release(address, release.name, cache=tmp_path)
    packed = [file for file in published.manifest.files if file.path.endswith(".gz")]
    assert packed
    for file in published.manifest.files:
        assert hashlib.sha256(published.file(file).read_bytes()).hexdigest() == file.sha256, file.path

    answers = {
        path: httpx.get(address + path).headers
        for path in ("releases.json", *(file.path for file in published.manifest.files))
    }
    encodings = {path: headers.get("Content-Encoding") for path, headers in answers.items()}
    assert set(encodings.values()) == {None}, "a reader of any kind would unpack it"
    caching = {path: headers["Cache-Control"] for path, headers in answers.items()}
    assert caching.pop("releases.json") == "no-cache"
    assert all("immutable" in value for value in caching.values())
    types = {path: headers["Content-Type"] for path, headers in answers.items()}
    assert types == {path: media_type(path) for path in answers}


def test_a_release_in_a_bucket_is_the_one_that_was_written(bucket: Bucket, client: Client) -> None:
    populate(with_release=False)
    release = publish_release()

    listed = decode_list(bucket.read("releases.json")).named()
    assert listed is not None
    assert listed.name == release.name
    data = bucket.read(listed.manifest)
    assert hashlib.sha256(data).hexdigest() == listed.sha256
    manifest = decode_manifest(data)
    for file in manifest.files:
        assert hashlib.sha256(bucket.read(file.path)).hexdigest() == file.sha256, file.path

    assert storage.local_folder() is None
    answer = client.get(f"/releases/{listed.manifest}")
    assert answer.status_code == 302
    assert answer["Location"] == f"{bucket.address}/data/boards/{listed.manifest}"
    assert client.get("/api/v1/releases/").json()["root_url"] == f"{bucket.address}/data/boards/"

    again = publish_release()
    assert again.name != release.name
    names = [entry.name for entry in decode_list(bucket.read("releases.json")).releases]
    assert names == [again.name, release.name]
    assert again.new_bytes < release.new_bytes, "what is the same lies there already"
