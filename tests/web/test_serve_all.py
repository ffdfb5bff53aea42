"""Production as it is documented: every process of Procfile behind nginx over TLS, from nothing to a verdict."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from deploy.serve_all import CannotServe, first_ended, wait_until_listening
from joulemark.record.codec import decode, encode
from joulemark.record.limits import MAX_BUNDLE_BYTES
from joulemark.record.messages import Ticket
from joulemark.suite import load_suite
from joulemark_simulation import records
from joulemark_site.doctor.file_checks import least_free_bytes
from tests.processes import ROOT, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(400)]

UNJUDGED = ("received", "checking")


class Served:
    """The running whole: its process, its folder, and a client that trusts its certificate."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, https: int, http: int) -> None:
        self.process, self.folder, self.http = process, folder, http
        self.origin = f"https://localhost:{https}"
        context = ssl.create_default_context(cafile=str(folder / "tls" / "fullchain.pem"))
        self.client = httpx.Client(base_url=self.origin, verify=context, timeout=30)

    def post(self, where: str, body: bytes) -> httpx.Response:
        return self.client.post(
            f"/api/v1/{where}", content=body, headers={"Content-Type": "application/octet-stream"}
        )


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with tempfile.TemporaryDirectory(prefix="jm-served-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # nginx's own user comes this way to the log
        yield from serving(folder)


def serving(folder: Path) -> Iterator[Served]:
    """Everything, until the test asks for no more; then nothing of it may be left."""
    https, http = free_port(), free_port()
    hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
    said = folder / "serve-all.log"
    command = [sys.executable, "deploy/serve_all.py", "--folder", str(folder / "all")]
    with said.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--https", str(https), "--http", str(http)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name not in hidden},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(
            lambda: "serving https://" in said.read_text(),
            beside=process,
            what="everything serves",
            limit_s=180,
        )
        yield Served(process, folder / "all", https, http)
    finally:
        process.terminate()
        code = process.wait(timeout=90)
        left = subprocess.run(["pgrep", "--session", str(process.pid)], capture_output=True, check=False)
        with_us = left.stdout.decode().split()
        for number in with_us:
            os.kill(int(number), signal.SIGKILL)
    assert code == 0, said.read_text()
    assert with_us == [], "everything ends together"


def test_a_result_comes_over_tls_is_judged_and_its_leaf_is_served_by_the_proxy(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "ORIGIN", served.origin)
    assert served.post("enrolments", encode(records.enrolment())).status_code == 201
    answer = served.post("tickets", encode(records.ticket_request()))
    assert answer.status_code == 201, answer.text
    ticket = decode(answer.content, Ticket, what="ticket")
    suite = load_suite("demo")
    queries = suite.queries_per_window(records.first_job(suite).dataset)
    bundle = records.bundle(ticket=ticket, of=records.trace(queries=queries))
    assert served.post("results", bundle.to_bytes()).status_code == 202
    where = f"/api/v1/results/{bundle.digest()}"
    wait_until(
        lambda: served.client.get(where).json()["state"] not in UNJUDGED,
        beside=served.process,
        what="the verdict is there",
    )
    assert served.client.get(where).json()["state"] == "accepted"
    wait_until(
        lambda: served.client.get("/log/checkpoint").status_code == 200,
        beside=served.process,
        what="the log is signed",
    )
    size = int(served.client.get("/log/checkpoint").text.splitlines()[1])
    tile = served.client.get(f"/log/tile/0/000.p/{size}")
    assert (tile.status_code, len(tile.content)) == (200, 32 * size)
    assert "immutable" in tile.headers["Cache-Control"]
    assert tile.headers["Access-Control-Allow-Origin"] == "*"
    assert tile.headers["Strict-Transport-Security"].startswith("max-age=")
    assert "X-Frame-Options" not in tile.headers, "nginx has read the file by itself"


def test_every_process_is_ready_and_probes_are_for_the_inside(served: Served) -> None:
    for probe in ("/livez", "/readyz", "/metrics"):
        assert served.client.get(probe).status_code == 404
    (bind,) = re.findall(r"server (127\.0\.0\.1:\d+);", (served.folder / "joulemark.conf").read_text())
    ready = httpx.get(f"http://{bind}/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {
            "ready": True,
            "checks": dict.fromkeys(("database", "schema", "keys", "queue", "clock", "disk"), "ok"),
        },
    )
    assert httpx.get(f"http://{bind}/livez").text == "alive\n"


def test_pages_come_compressed_and_under_tls_alone(served: Served) -> None:
    page = served.client.get("/en/boards/", headers={"Accept-Encoding": "gzip"})
    assert (page.status_code, page.headers["Content-Encoding"]) == (200, "gzip")
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")
    assert "Accept-Encoding" in page.headers["Vary"]
    plain = httpx.get(f"http://127.0.0.1:{served.http}/boards/")
    assert (plain.status_code, plain.headers["Location"].split(":")[0]) == (308, "https")


def test_what_is_not_for_everybody_is_for_nobody(served: Served) -> None:
    for path in (
        "/log/.damaged-checkpoint",
        "/log/tile/.x",
        "/log/../data/secret-key",
        "/log/%2e%2e/data/log-key.pem",
    ):
        assert served.client.get(path).status_code in (400, 404), path
    data = served.folder / "data"
    assert data.stat().st_mode & 0o007 == 0, "the platform's own folder is closed to the proxy's user"
    assert {path.stat().st_mode & 0o077 for path in data.glob("*key*")} == {0}


def test_a_body_beyond_every_limit_is_refused_before_the_platform_sees_it(served: Served) -> None:
    answer = served.post("results/batch", b"x" * (17 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    within = served.post("results", b"x" * (MAX_BUNDLE_BYTES + 1))
    assert json.loads(within.content)["code"] == "JM-BODY-SIZE", "the platform's own words"


def test_a_password_can_be_tried_ten_times_a_minute(served: Served) -> None:
    statuses = [served.client.get("/admin/login/").status_code for _ in range(14)]
    assert statuses[:10] == [200] * 10
    assert set(statuses[10:]) == {429}


def test_a_client_cannot_say_where_it_comes_from(served: Served) -> None:
    """The proxy writes the address that it sees: a made-up one would have a rate of its own."""
    template = (ROOT / "deploy" / "joulemark.conf.template").read_text(encoding="utf-8")
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in template
    answer = served.client.get("/api/v1/platform", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    assert answer.status_code == 200


def test_the_end_of_the_processes_behind_the_proxy_is_noticed_as_its_own_is() -> None:
    """honcho ends all of them when one ends: a proxy without a platform would answer 502 for ever."""
    endless = [sys.executable, "-c", "import signal; signal.pause()"]
    with subprocess.Popen(endless) as proxy, subprocess.Popen([sys.executable, "-c", ""]) as platform:
        try:
            assert first_ended({"nginx": proxy, "platform": platform}) == "platform"
        finally:
            proxy.kill()


LATE_SERVER = """
import socket, sys
sys.stdin.read()
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    server.accept()
"""


def test_it_says_that_it_serves_once_its_proxy_takes_connections() -> None:
    """A process that has been started does not listen yet: who believed the line was refused."""
    port = free_port()
    command = [sys.executable, "-c", LATE_SERVER, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as late, ThreadPoolExecutor() as beside:
        try:
            waits = beside.submit(wait_until_listening, late, port)
            with pytest.raises(TimeoutError):
                waits.result(timeout=0.5)
            assert late.stdin is not None
            late.stdin.close()  # now it listens
            waits.result(timeout=60)
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                pass
        finally:
            late.kill()


def test_a_proxy_that_ends_before_it_listens_is_told_with_its_exit_status() -> None:
    with (
        subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as ends,
        pytest.raises(CannotServe, match="exit status 3"),
    ):
        wait_until_listening(ends, free_port())


def environment_inside(served: Served) -> dict[str, str]:
    """The variables of the running processes: the addresses of database and queue are theirs alone."""
    ours = f"JOULEMARK_DATA_DIR={served.folder / 'data'}".encode()
    for file in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # a process that has ended, or another user's
            entries = file.read_bytes().split(b"\0")
            if ours in entries:
                return dict(entry.decode().split("=", 1) for entry in entries if b"=" in entry)
    raise AssertionError("no process of it runs")


def test_the_doctor_finds_nothing_wrong_with_all_of_it(served: Served) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=ROOT,
        env=environment_inside(served) | {"SSL_CERT_FILE": str(served.folder / "tls" / "fullchain.pem")},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    told = json.loads(done.stdout)
    codes = {finding["code"] for finding in told["findings"]} - {"JM-HUB-AWAY"}
    usage = shutil.disk_usage(served.folder)
    of_this_machine = {"JM-FILE-DISK"} if usage.free < least_free_bytes(usage.total) else set()
    assert codes == {"JM-PEOPLE-MODERATORS"} | of_this_machine, "nobody is there to moderate"
    assert told["skipped"] == {}
    assert done.returncode == bool(of_this_machine)
