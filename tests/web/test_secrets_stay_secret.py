"""No secret in any output: planted in every setting, and looked for in starts, requests, workers and the watch."""

from __future__ import annotations

import io
import os
import runpy
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import Request

import pytest

from joulemark.record import keys
from joulemark.record.codec import encode
from joulemark_simulation import records
from tests.planted_secrets import CLIENT, FORBIDDEN, PEM, VALUES, VARIABLES, WORD, assert_clean
from tests.processes import Platform, embedded_platform, kill, platform, wait_until

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "platform" / "joulemark_site" / "settings.py"


def outputs_of_loading(name: str, value: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Everything that loading the settings prints or raises, with all causes, where one variable has this value."""
    with monkeypatch.context() as patch:
        for each in VARIABLES:
            patch.delenv(each, raising=False)
        patch.setenv("JOULEMARK_DATA_DIR", str(folder))
        patch.setenv(name, value)
        output = io.StringIO()
        with redirect_stderr(output), redirect_stdout(output):
            try:
                runpy.run_path(str(SETTINGS))
            except Exception as error:  # noqa: BLE001 - whatever it raises is looked at
                output.write("".join(traceback.format_exception(error)))
    return output.getvalue()


FOLDERS = {"JOULEMARK_DATA_DIR", "JOULEMARK_LOG_DIR", "JOULEMARK_RELEASES_DIR"}
"""What names a folder that is made."""


@pytest.mark.parametrize("name", VARIABLES)
def test_a_setting_that_cannot_be_used_is_named_and_not_printed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for value in VALUES.values():
        text = outputs_of_loading(name, value, tmp_path, monkeypatch)
        assert not [word for word in FORBIDDEN if word in text], text
        assert not text or name.removesuffix("_FILE") in text, text
    for file in tmp_path.rglob("*"):
        assert "planted" not in file.name or name in FOLDERS


def manage(folder: Path, *words: str, **extra: str) -> str:
    """The output of a command that fails."""
    hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={
            **environment,
            "JOULEMARK_DATA_DIR": str(folder),
            "PYTHONPATH": "platform:agent:simulation:.",
            **extra,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode != 0
    return done.stdout + done.stderr


@pytest.mark.processes
@pytest.mark.timeout(300)
def test_starts_that_fail_print_no_secret(tmp_path: Path) -> None:
    away = f"postgresql://joe:{WORD}@127.0.0.1:9/joulemark"
    (tmp_path / "platform-key.pem").write_text(PEM)
    assert_clean(manage(tmp_path, "manage.py", "prepare", JOULEMARK_LOG_KEY=PEM))
    assert_clean(manage(tmp_path, "manage.py", "serve", DATABASE_URL=away, JOULEMARK_LOG_FORMAT="json"))
    assert_clean(manage(tmp_path, "manage.py", "migrate", DATABASE_URL=f"postgresql://joe:{WORD}@h:x/y"))
    assert_clean(manage(tmp_path, "manage.py", "watch", "--once", REDIS_URL=f"ftp://:{WORD}@h/0"))


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A production platform that writes everything, with a secret in each setting, and a queue that is away."""
    server = os.environ["DATABASE_URL"]
    key = keys.to_pem(keys.generate()).decode()
    with platform(
        name="planted",
        folder=tmp_path,
        database_url=server.replace("joulemark@", f"joulemark:{quote(WORD)}@"),
        redis_url=f"redis://:{WORD}@127.0.0.1:9/0",
        JOULEMARK_SECRET_KEY=WORD * 3,
        JOULEMARK_LOG_KEY=key,
        JOULEMARK_METRICS_TOKEN=WORD,
        JOULEMARK_MAIL_PASSWORD=WORD,
        JOULEMARK_MAIL_HOST="127.0.0.1",
        JOULEMARK_MAIL_PORT="9",
        JOULEMARK_OPERATORS=f"{WORD}@example.org",
        JOULEMARK_WEBHOOK_URL=f"http://127.0.0.1:9/{WORD}",
        JOULEMARK_PING_URL=f"http://joe:{WORD}@127.0.0.1:9/{WORD}",
        JOULEMARK_LOG_LEVEL="DEBUG",
        JOULEMARK_LOG_FORMAT="json",
        JOULEMARK_PROXIES="1",
    ) as running:
        monkeypatch.setattr(records, "ORIGIN", running.origin)
        running.environment["planted_pem_line"] = key.splitlines()[1]
        yield running


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.timeout(300)
def test_processes_print_no_secret(planted: Platform) -> None:
    running = planted
    web = running.start_web()
    running.environment["JOULEMARK_LOG_FORMAT"] = "text"
    worker = running.start_worker("--loglevel", "DEBUG")
    headers = {"X-Forwarded-For": CLIENT, "Authorization": f"Bearer {WORD}", "Cookie": f"sessionid={WORD}"}

    def ask(path: str, body: bytes | None = None) -> int:
        request = Request(running.origin + path, data=body, headers=headers)  # noqa: S310 - our own origin
        return running._ask(request)[0]

    assert ask("/api/v1/enrolments", encode(records.enrolment())) == 201
    assert ask("/api/v1/results", records.bundle().to_bytes()) == 202
    assert ask("/api/v1/results", WORD.encode()) == 400
    assert ask(f"/{WORD}/?{WORD}") == 404
    assert ask(f"/api/v1/health?{WORD}") == 503
    assert ask("/metrics") == 200
    assert ask("/admin/login/", f"username=op&password={WORD}".encode()) == 403
    malformed(running, f"GET /{WORD} HTTP/9.9\r\nX-{WORD}: {WORD}\r\n\r\n")
    malformed(running, f"GET / HTTP/1.1\r\nHost: {WORD}.example\r\nX-Forwarded-For: {CLIENT}\r\n\r\n")
    for _ in range(2):
        running.manage_output = subprocess.run(  # type: ignore[attr-defined]
            [sys.executable, "manage.py", "watch", "--once"],
            cwd=ROOT, env=running.environment, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
    wait_until(
        lambda: "Cannot connect" in running.log("worker.log"), beside=worker, what="the worker has no queue"
    )
    wait_until(
        lambda: "accepted upload" in running.log("web.log"), beside=web, what="the upload's line is there"
    )
    wait_until(
        lambda: "JM-QUEUE-AWAY" in running.log("web.log"), beside=web, what="the message's line is there"
    )
    kill(worker)
    kill(web)
    output = running.log("web.log") + running.log("worker.log")
    output += running.manage_output.stdout + running.manage_output.stderr  # type: ignore[attr-defined]
    assert_clean(output)
    assert running.environment["planted_pem_line"] not in output


def malformed(running: Platform, text: str) -> None:
    address = urlsplit(running.origin)
    with socket.create_connection((str(address.hostname), int(address.port or 80)), timeout=20) as connection:
        connection.sendall(text.encode())
        connection.recv(4096)


@pytest.mark.processes
@pytest.mark.timeout(240)
def test_a_crash_prints_no_secret_of_the_request(tmp_path: Path) -> None:
    """The traceback of a fault of ours is in the log; the request's own words are not."""
    with embedded_platform(folder=tmp_path, JOULEMARK_SECRET_KEY=WORD * 3, JOULEMARK_PROXIES="1") as running:
        web = running.start_web()
        file = tmp_path / "data" / "joulemark.sqlite3"
        file.write_bytes(b"this is no database " * 500)
        request = Request(  # noqa: S310 - our own origin
            f"{running.origin}/results/?{WORD}", headers={"X-Forwarded-For": CLIENT, "Cookie": f"a={WORD}"}
        )
        status, _ = running._ask(request)
        assert status >= 500
        kill(web)
        text = running.log("web.log")
        assert "Traceback" in text
        assert_clean(text)


def test_what_is_forbidden_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search sees what a setting prints, and the loading prints what is raised."""
    monkeypatch.setattr(
        "joulemark_site.environment.count", lambda name, _default: int(os.environ.get(name, "0"))
    )
    assert "planted-w0rd" in outputs_of_loading("JOULEMARK_PROXIES", WORD, tmp_path, monkeypatch)
