"""The proxy of production hands out what releases share by itself, and nothing that is held back."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from deploy.serve_all import configure, nginx_program, wait_until_listening
from joulemark.release.layout import is_release_path, media_type
from measurements.web.file_parts import FOR_A_YEAR
from tests.processes import ROOT, free_port

pytestmark = pytest.mark.processes

DIGEST = "0123456789abcdef"
SHARED = {
    f"parts/results/0-4096.{DIGEST}.parquet": b"PAR1" + bytes(range(256)) * 40,
    f"parts/results/0-4096.{DIGEST}.csv.gz": b"\x1f\x8b" + bytes(2000),
    f"snapshots/cells/{DIGEST}.jsonl.gz": b"\x1f\x8b" + bytes(1000),
    f"bundles/0-4096.{DIGEST}.tar": b"tar" * 500,
    f"suites/{DIGEST * 4}.tar": b"tar" * 100,
    "tile/0/000.p/12": bytes(384),
    "tile/entries/x001/234": b"entries",
}
OF_THE_PLATFORM = ("releases.json", "2026-12-02/manifest.json", "2026-12-02.2/SHA256SUMS", "strange/file")
HIDDEN = ("parts/results/.draft.new", ".writer", "snapshots/.x")


class Platform(BaseHTTPRequestHandler):
    """Says of every request that it came here."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("From", "platform")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of the real nginx with the template of production, before a folder of releases."""
    https = free_port()
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Platform)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="jm-proxy-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        for path, data in {
            **SHARED,
            **dict.fromkeys((*OF_THE_PLATFORM, *HIDDEN), b"not for everybody"),
        }.items():
            place = folder / "files" / "releases" / path
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            place.write_bytes(data)
            place.chmod(0o644)
        command = [sys.executable, "deploy/self_signed.py", str(folder / "tls"), "localhost"]
        subprocess.run(command, cwd=ROOT, env=dict(os.environ), check=True)
        config = configure(folder, web=upstream.server_port, https=https, http=free_port())
        proxy = subprocess.Popen([nginx_program(), "-p", str(folder), "-c", str(config)])
        try:
            wait_until_listening(proxy, https)
            trusted = ssl.create_default_context(cafile=str(folder / "tls" / "fullchain.pem"))
            with httpx.Client(base_url=f"https://localhost:{https}/releases", verify=trusted) as client:
                yield client
        finally:
            proxy.terminate()
            proxy.wait(timeout=30)
            upstream.shutdown()
            upstream.server_close()


@pytest.mark.parametrize("path", SHARED)
def test_a_shared_file_is_handed_out_as_it_lies_there_for_ever(client: httpx.Client, path: str) -> None:
    assert is_release_path(path)
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.read()) == (200, SHARED[path])
    assert "From" not in answer.headers
    assert answer.headers["Content-Type"] == media_type(path)
    assert "Content-Encoding" not in answer.headers, "a digest is that of the bytes as they lie there"
    assert answer.headers["Cache-Control"] == FOR_A_YEAR
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert client.head(path).headers["Content-Length"] == str(len(SHARED[path]))
    assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("span", "first", "end"), [("10-19", 10, 20), ("-8", -8, None), ("1000-", 1000, None)]
)
def test_parts_of_it_are_handed_out(client: httpx.Client, span: str, first: int, end: int | None) -> None:
    path, data = next(iter(SHARED.items()))
    part = client.get(path, headers={"Range": f"bytes={span}"})
    assert (part.status_code, part.read()) == (206, data[first:end])
    assert part.headers["Content-Range"].endswith(f"/{len(data)}")
    assert client.get(path, headers={"Range": f"bytes={len(data)}-"}).status_code == 416
    other = client.get(path, headers={"Range": f"bytes={span}", "If-Range": '"another"'})
    assert (other.status_code, len(other.read())) == (200, len(data))


@pytest.mark.parametrize("path", [*OF_THE_PLATFORM, f"parts/results/4096-8192.{DIGEST}.parquet"])
def test_the_platform_decides_about_lists_releases_and_what_is_not_there(
    client: httpx.Client, path: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["From"]) == (404, "platform")


@pytest.mark.parametrize("path", [*HIDDEN, "parts/%2e%2e/%2e%2e/secret", "parts/..%2f..%2fsecret"])
def test_what_is_on_its_way_is_shown_to_nobody(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in {400, 404}
    assert b"not for everybody" not in answer.read()
