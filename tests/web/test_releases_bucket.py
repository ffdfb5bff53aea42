"""Releases in a bucket: written over S3's protocol to the process of a server, listed last, and read back whole."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from django.conf import LazySettings
from django.test import Client

from joulemark.release.manifest import decode_list, decode_manifest
from measurements.releases import storage
from measurements.releases.services import publish_release
from tests.web.populated import populate

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "build" / "validators" / "bin" / "moto_server"
pytestmark = [pytest.mark.django_db, pytest.mark.processes]


@pytest.fixture
def bucket(settings: LazySettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The address of an empty bucket, in which settings let releases lie."""
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
            settings.RELEASES_WORK_DIR = tmp_path / "work"
            settings.RELEASES_URL = f"{address}/data/boards/"
            settings.STORAGES = {
                **settings.STORAGES,
                "releases": {
                    "BACKEND": "storages.backends.s3.S3Storage",
                    "OPTIONS": {
                        "bucket_name": "data",
                        "location": "boards",
                        "endpoint_url": address,
                        "region_name": "us-east-1",
                        "file_overwrite": True,
                        "querystring_auth": False,
                        "default_acl": None,
                    },
                },
            }
            yield settings.RELEASES_URL
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    for _attempt in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server of the bucket does not answer")


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - the server above
        data: bytes = answer.read()
    return data


def test_a_release_in_a_bucket_is_the_one_that_was_written(bucket: str, client: Client) -> None:
    populate()
    release = publish_release()

    listed = decode_list(fetched(f"{bucket}releases.json")).named()
    assert listed is not None
    assert listed.name == release.name
    data = fetched(f"{bucket}{listed.manifest}")
    assert hashlib.sha256(data).hexdigest() == listed.sha256
    for file in decode_manifest(data).files:
        assert hashlib.sha256(fetched(f"{bucket}{file.path}")).hexdigest() == file.sha256, file.path

    assert storage.local_folder() is None
    answer = client.get(f"/releases/{listed.manifest}")
    assert answer.status_code == 302
    assert fetched(answer["Location"]) == data
    assert client.get("/api/v1/releases/").json()["root_url"] == bucket

    again = publish_release()
    assert again.name != release.name
    names = [entry.name for entry in decode_list(fetched(f"{bucket}releases.json")).releases]
    assert names == [again.name, release.name]
