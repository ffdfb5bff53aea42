"""Backups of an embedded platform: whole or not at all, verified before anything is touched, tried beside it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from joulemark_site.backup.manifest import Manifest
from tests.processes import ROOT, Platform, embedded_platform

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A prepared platform whose log has one leaf, with a copy of its log."""
    folder = tmp_path_factory.mktemp("embedded")
    (folder / "copy").mkdir()
    with embedded_platform(folder=folder, JOULEMARK_LOG_COPIES=str(folder / "copy")) as made:
        yield made


@pytest.fixture(scope="module")
def backup(made: Platform) -> Path:
    manage(made, "backup", str(made.folder / "backups"))
    (backup,) = (made.folder / "backups").iterdir()
    return backup


def manage(platform: Platform, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT, env=platform.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout + done.stderr


def elsewhere(platform: Platform, folder: Path) -> Platform:
    """The same platform on a new machine: nothing but the copy of the log."""
    environment = {**platform.environment, "JOULEMARK_DATA_DIR": str(folder / "data")}
    return Platform(origin=platform.origin, environment=environment, folder=folder)


def test_a_backup_says_what_is_in_it_and_is_closed_to_others(made: Platform, backup: Path) -> None:
    manifest = msgspec.json.decode((backup / "manifest.json").read_bytes(), type=Manifest)
    assert (manifest.origin, manifest.database) == (made.origin, "sqlite")
    assert manifest.log is not None
    assert manifest.log.size == 1
    assert manifest.rows["ledger_leaf"] == 1
    names = {file.path for file in manifest.files}
    assert {"database.sqlite3", "keys/platform-key.pem", "keys/log-key.pem", "keys/secret-key"} <= names
    assert {"log/checkpoint", "log/tile/entries/000.p/1"} <= names
    assert {path.stat().st_mode & 0o077 for path in [backup, *backup.rglob("*")]} == {0}


def test_a_restore_elsewhere_goes_on_by_itself_and_a_backup_tries_well(
    made: Platform, backup: Path, tmp_path: Path
) -> None:
    assert "This backup brings the platform back." in manage(made, "drill", str(backup))
    new = elsewhere(made, tmp_path)
    assert "The log goes on: nothing newer was signed." in manage(new, "restore", str(backup))
    key = tmp_path / "data/platform-key.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_bytes() == (made.folder / "data/platform-key.pem").read_bytes()
    assert "1 leaves fit" in manage(new, "check_log")
    made_log, new_log = made.folder / "data/log", tmp_path / "data/log"
    for path in made_log.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            assert (new_log / path.relative_to(made_log)).read_bytes() == path.read_bytes()


def test_without_any_copy_the_log_waits_until_the_operator_vouches(
    made: Platform, backup: Path, tmp_path: Path
) -> None:
    new = elsewhere(made, tmp_path)
    new.environment["JOULEMARK_LOG_COPIES"] = ""
    assert "THE LOG WAITS" in manage(new, "restore", str(backup))
    assert "JM-LOG-OUTDATED" in manage(new, "sequence_log", code=1)
    assert "No place shows what was signed last" in manage(new, "resume_log", code=1)
    assert "No entry was lost" in manage(new, "resume_log", "--nothing-newer")
    assert "\n1\n" in manage(new, "sequence_log")


DAMAGES = {
    "a file is changed": lambda folder: (folder / "log/checkpoint").write_bytes(b"x"),
    "a file is missing": lambda folder: (folder / "keys/log-key.pem").unlink(),
    "a file is added": lambda folder: (folder / "keys/more").write_bytes(b""),
    "a link is added": lambda folder: (folder / "keys/link").symlink_to("/etc/passwd"),
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "half a manifest": lambda folder: (folder / "manifest.json").write_bytes(b'{"format"'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_touches_nothing(made: Platform, backup: Path, tmp_path: Path, damage: str) -> None:
    copy = tmp_path / "backup"
    shutil.copytree(backup, copy)
    DAMAGES[damage](copy)
    new = elsewhere(made, tmp_path)
    report = manage(new, "restore", str(copy), code=1)
    assert "JM-BACKUP-DAMAGED" in report or "JM-BACKUP-NONE" in report
    assert not (tmp_path / "data/joulemark.sqlite3").exists()
    assert not (tmp_path / "data/platform-key.pem").exists()


def test_what_is_there_is_not_replaced_unasked(made: Platform, backup: Path, tmp_path: Path) -> None:
    new = elsewhere(made, tmp_path)
    manage(new, "restore", str(backup))
    with sqlite3.connect(tmp_path / "data/joulemark.sqlite3") as database:
        database.execute("PRAGMA foreign_keys = OFF")
        columns = [row[1] for row in database.execute("PRAGMA table_info(intake_submission)")]
        values = {"result_id": "ab" * 32, "bundle": b"", "receipt": b"", "trace_sha256": "", "key_id": "x",
                  "received_at": "2026-01-01", "state": "received", "leaf_id": 1, "batch_limit": 1,
                  "losses": 0, "request_id": ""}  # fmt: skip
        marks = ", ".join("?" * len(columns))
        database.execute(
            f"INSERT INTO intake_submission ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - its own columns
            [values.get(name) for name in columns],
        )
    assert "JM-RESTORE-NOT-EMPTY" in manage(new, "restore", str(backup), code=1)
    (tmp_path / "data/platform-key.pem").write_bytes((made.folder / "data/log-key.pem").read_bytes())
    assert "JM-RESTORE-KEY" in manage(new, "restore", str(backup), code=1)
    new.environment["JOULEMARK_ORIGIN"] = "https://other.example"
    assert "JM-RESTORE-ORIGIN" in manage(new, "restore", str(backup), code=1)
    new.environment["JOULEMARK_ORIGIN"] = made.origin
    manage(new, "restore", str(backup), "--replace")
    assert new.one("SELECT count(*) FROM intake_submission") == 0


def test_only_the_newest_stay_and_what_was_never_finished_goes(made: Platform, tmp_path: Path) -> None:
    (tmp_path / ".new-2026-01-01T000000Z").mkdir()
    for name in ("2026-01-01T000000Z", "2026-01-02T000000Z"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").touch()
    manage(made, "backup", str(tmp_path), "--keep", "2")
    names = sorted(path.name for path in tmp_path.iterdir() if path.is_dir())
    assert (len(names), names[0]) == (2, "2026-01-02T000000Z")


@dataclass
class Store:
    """What was put where, as object storage has it."""

    files: dict[str, bytes] = field(default_factory=dict)


@pytest.fixture
def store() -> Iterator[tuple[Store, str]]:
    """The store and its address."""
    kept = Store()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            allowed = self.headers["Authorization"] == "Bearer secret"
            if allowed:
                kept.files[self.path] = data
            self._answer(201 if allowed else 403, b"")

        def do_GET(self) -> None:
            self._answer(200 if self.path in kept.files else 404, kept.files.get(self.path, b""))

        def _answer(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *words: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield kept, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_backup_goes_to_an_address_and_comes_back(
    made: Platform, store: tuple[Store, str], tmp_path: Path
) -> None:
    kept, address = store
    token = tmp_path / "token"
    token.write_text("wrong\n")
    assert "answers 403" in manage(made, "backup", f"{address}/jm", "--token-file", str(token), code=1)
    token.write_text("secret\n")
    manage(made, "backup", f"{address}/jm", "--token-file", str(token))
    (path,) = kept.files
    new = elsewhere(made, tmp_path)
    assert "The log goes on" in manage(new, "restore", address + path)
    kept.files[path] = kept.files[path][: len(kept.files[path]) // 2]
    assert "JM-BACKUP-DAMAGED" in manage(elsewhere(made, tmp_path / "x"), "restore", address + path, code=1)


def test_a_copy_of_the_log_behind_an_address(
    made: Platform, store: tuple[Store, str], tmp_path: Path
) -> None:
    kept, address = store
    token = tmp_path / "token"
    token.write_text("secret")
    new = Platform(
        origin=made.origin,
        environment={
            **made.environment,
            "JOULEMARK_LOG_COPIES": f"{address}/copy",
            "JOULEMARK_LOG_COPIES_TOKEN_FILE": str(token),
        },
        folder=made.folder,
    )
    manage(new, "sequence_log")
    published = (made.folder / "data/log/checkpoint").read_bytes()
    assert kept.files["/copy/checkpoint"] == published
    assert kept.files["/copy/entries-size"] == b"1"
