"""`joulemark suite clean` frees what this agent fetched for jobs that are done, and nothing that is anybody else's."""

from __future__ import annotations

import hashlib
import os
import pty
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from joulemark import workloads
from joulemark.hub.fetched_files import FetchLog
from joulemark.hub.interrupted_downloads import InterruptedDownload, remove_part
from joulemark.session.machine_lock import only_run
from tests.agent import fake_suite
from tests.agent.hub_fetch.hub_home import FILES, MODEL_AT, WEIGHTS, Home

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.agent_commands import Agent

CLEAN = ("suite", "clean")


@pytest.fixture
def measured(command: Agent, home: Home, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """An agent that has fetched the suite's one job and measured it."""
    fetch_suite(command, home)
    run_suite(command, home, monkeypatch)
    return command


def fetch_suite(command: Agent, home: Home) -> None:
    assert command("suite", "fetch", str(home.tmp_path / "small"), "--hub", home.hub.origin) == 0, command.err


def run_suite(command: Agent, home: Home, monkeypatch: pytest.MonkeyPatch, *more: str) -> None:
    monkeypatch.setattr(fake_suite, "WEIGHTS", home.suite.model("writer").weights_sha256)
    monkeypatch.setattr(workloads, "open_workload", lambda _suite, job, **_: fake_suite.Workload(job))
    monkeypatch.setattr(fake_suite.Workload, "quality", lambda *_: [])
    words = ("run", "--offline", "--meter", "estimate", "--suite", str(home.tmp_path / "small"), *more)
    assert command(*words) == 0, command.err


def content(home: Home) -> dict[str, bytes]:
    """Every file of a repository in the cache, behind links, by its path there."""
    return {
        path.relative_to(home.cache).as_posix(): path.read_bytes()
        for path in home.cache.rglob("*")
        if path.is_file() and path.relative_to(home.cache).parts[0].startswith(("models--", "datasets--"))
    }


def test_what_a_job_needs_that_is_not_finished_stays(command: Agent, home: Home) -> None:
    fetch_suite(command, home)
    before = content(home)
    answer = command.json(*CLEAN, "--yes")
    assert (command.code, answer["freed_bytes"], answer["repositories"]) == (0, 0, [])
    assert [row["hub_id"] for row in answer["needed"]] == ["someone/prose", "someone/writer"]
    assert content(home) == before
    assert home.is_whole()


def test_what_a_finished_suite_had_fetched_is_shown_asked_about_and_freed(
    measured: Agent, home: Home
) -> None:
    before = content(home)
    size_bytes = sum(len(data) for name, data in before.items() if "/blobs/" in name)
    assert measured(*CLEAN) == 2
    assert "model someone/writer at 121212121212" in measured.out
    assert "Add `--yes`" in measured.err
    assert content(home) == before
    outbox = {path: path.read_bytes() for path in measured.folders.outbox.iterdir()}
    key = measured.folders.key.read_bytes()
    answer = measured.json(*CLEAN, "--yes")
    assert measured.code == 0, measured.err
    assert answer["freed_bytes"] == size_bytes > len(WEIGHTS)
    assert content(home) == {}
    assert {path: path.read_bytes() for path in measured.folders.outbox.iterdir()} == outbox
    assert measured.folders.key.read_bytes() == key
    assert measured.json(*CLEAN)["freed_bytes"] == 0
    home.fetch()
    assert home.is_whole(), "and it can be fetched again"


def test_what_was_there_before_stays(command: Agent, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program has had two of the files, one of them at another commit."""
    from huggingface_hub import hf_hub_download

    for name, commit in (("config.json", MODEL_AT), ("model.safetensors", "77" * 20)):
        hf_hub_download(
            "someone/writer", name, revision=commit, cache_dir=home.cache, endpoint=home.hub.origin
        )
    theirs = content(home)
    fetch_suite(command, home)
    run_suite(command, home, monkeypatch)
    assert command.json(*CLEAN, "--yes")["freed_bytes"] > 0
    assert {name: data for name, data in content(home).items() if name in theirs} == theirs
    names = {name.rpartition("/")[2] for name in content(home) if "/snapshots/" in name}
    assert names == {"config.json", "model.safetensors"}


def test_what_another_program_has_put_there_since_stays(measured: Agent, home: Home) -> None:
    folder = home.cache / "models--someone--writer"
    snapshot = folder / "snapshots" / MODEL_AT
    (folder / "blobs" / "newer").write_bytes(b"newer")
    (snapshot / "config.json").unlink()
    (snapshot / "config.json").symlink_to("../../blobs/newer")
    (snapshot / "extra.txt").write_bytes(b"extra")
    (folder / "snapshots" / "other").mkdir()
    (folder / "snapshots" / "other" / "tokenizer.json").symlink_to((snapshot / "tokenizer.json").readlink())
    assert measured(*CLEAN, "--yes") == 0
    left = {path.name for path in snapshot.iterdir()}
    assert left == {"config.json", "extra.txt"}
    assert (snapshot / "config.json").read_bytes() == b"newer"
    shared = folder / "snapshots" / "other" / "tokenizer.json"
    assert shared.read_bytes() == FILES["tokenizer.json"], "a blob that another link leads to stays"


def test_a_suite_that_was_fetched_in_advance_keeps_what_it_needs(
    measured: Agent, home: Home, tmp_path: Path
) -> None:
    from tests.agent.hub_fetch.hub_home import pinned

    other = pinned(tmp_path / "other", keep=4)
    assert other.digest != home.suite.digest
    assert measured("suite", "fetch", str(tmp_path / "other"), "--hub", home.hub.origin) == 0
    before = content(home)
    assert measured.json(*CLEAN, "--yes")["freed_bytes"] == 0
    assert content(home) == before
    answer = measured.json(*CLEAN, "--all", "--yes")
    assert answer["freed_bytes"] > len(WEIGHTS)
    assert content(home) == {}


def test_a_new_session_needs_again_what_an_earlier_one_has_finished(
    measured: Agent, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--fresh` measures everything anew, and was stopped before its first job."""
    from joulemark.session.job_runner import JobRunner

    with monkeypatch.context() as during:
        during.setattr(JobRunner, "_attempt", lambda *_: None)
        run_suite(measured, home, during, "--fresh")
    assert measured.json(*CLEAN, "--yes")["freed_bytes"] == 0
    assert home.is_whole()
    run_suite(measured, home, monkeypatch)
    assert measured.json(*CLEAN, "--yes")["freed_bytes"] > 0


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 6), (b"what?\nyes\n", 0), (b"\n", 0), (b"\x04", 6)])
def test_a_person_at_a_terminal_is_asked(
    measured: Agent, home: Home, monkeypatch: pytest.MonkeyPatch, answer: bytes, code: int
) -> None:
    with at_terminal(monkeypatch, answer):
        assert measured(*CLEAN) == code, measured.err
    assert "Free " in measured.err
    assert "[Y/n]" in measured.err
    assert (content(home) == {}) == (code == 0)


def at_terminal(monkeypatch: pytest.MonkeyPatch, typed: bytes) -> Any:
    """A terminal at which this is typed is the standard input while the block runs."""
    from contextlib import contextmanager

    @contextmanager
    def terminal() -> Any:
        ours, theirs = pty.openpty()
        with os.fdopen(theirs, encoding="utf-8") as stream, monkeypatch.context() as during:
            during.setattr("sys.stdin", stream)
            os.write(ours, typed)
            yield
        os.close(ours)

    return terminal()


def test_nothing_is_freed_while_a_run_measures(measured: Agent, home: Home) -> None:
    before = content(home)
    with only_run():
        assert measured(*CLEAN, "--yes") == 7
    assert content(home) == before


@pytest.mark.parametrize("what", ["a session", "a note"])
def test_what_cannot_be_read_is_named_and_nothing_is_freed(measured: Agent, home: Home, what: str) -> None:
    folder = measured.folders.sessions if what == "a session" else measured.folders.fetched
    damaged = folder / "damaged.json"
    damaged.write_bytes(b"{")
    before = content(home)
    assert measured(*CLEAN, "--yes") == 2
    assert str(damaged) in measured.err
    assert content(home) == before


def test_a_suite_that_is_gone_needs_nothing(command: Agent, home: Home) -> None:
    fetch_suite(command, home)
    (home.tmp_path / "small" / "suite.toml").unlink()
    assert command.json(*CLEAN, "--yes")["freed_bytes"] > 0


def test_each_file_is_noted_once_it_has_come(command: Agent, home: Home) -> None:
    home.hub.statuses["model.safetensors"] = [500] * 9
    assert command("suite", "fetch", str(home.tmp_path / "small"), "--hub", home.hub.origin) == 5
    (model,) = [row for row in FetchLog(command.folders.fetched).repositories() if row.kind == "models"]
    assert {file.name for file in model.files} == set(FILES) - {"model.safetensors"}
    home.hub.statuses.clear()
    fetch_suite(command, home)
    (model,) = [row for row in FetchLog(command.folders.fetched).repositories() if row.kind == "models"]
    assert {file.name for file in model.files} == set(FILES)
    assert model.is_new


def leave_part(home: Home, repository: str, content: bytes, *, sha256: str = "9" * 64) -> Path:
    """What a download leaves behind that was broken off, with the lock that it held."""
    part = home.cache / repository / "blobs" / f"{sha256}.joulemark-part"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(content)
    lock = lock_of(home, part)
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    return part


def lock_of(home: Home, part: Path) -> Path:
    return home.cache / ".locks" / part.parents[1].name / f"{part.name}.lock"


def test_a_download_that_was_broken_off_and_that_nobody_resumes_is_freed_and_counted(
    command: Agent, home: Home
) -> None:
    part = leave_part(home, "models--nobody--needs-it", b"x" * 4000)
    theirs = part.with_name("another-program.incomplete")
    theirs.write_bytes(b"y")
    assert command(*CLEAN) == 2
    assert "4.0 kB  interrupted download for nobody/needs-it, in " in command.out
    assert part.exists()
    answer = command.json(*CLEAN, "--yes")
    assert (command.code, answer["freed_bytes"]) == (0, 4000), command.err
    assert [row["hub_id"] for row in answer["interrupted_downloads"]] == ["nobody/needs-it"]
    assert not part.exists()
    assert theirs.exists()
    assert command.json(*CLEAN, "--yes")["freed_bytes"] == 0


def test_a_download_that_an_open_job_goes_on_with_stays_unless_all_is_freed(
    command: Agent, home: Home
) -> None:
    fetch_suite(command, home)
    wanted = leave_part(
        home, "models--someone--writer", b"x" * 1000, sha256=hashlib.sha256(WEIGHTS).hexdigest()
    )
    rows = leave_part(home, "datasets--someone--prose", b"x" * 100)
    replaced = leave_part(home, "models--someone--writer", b"x" * 10)
    assert command.json(*CLEAN, "--yes")["freed_bytes"] == 10
    assert (wanted.exists(), rows.exists(), replaced.exists()) == (True, True, False)
    assert command.json(*CLEAN, "--all", "--yes")["freed_bytes"] > 1100
    assert content(home) == {}


def test_a_download_that_runs_now_is_left_alone(command: Agent, home: Home) -> None:
    part = leave_part(home, "models--nobody--needs-it", b"x" * 4000)
    with FileLock(lock_of(home, part)):
        assert command.json(*CLEAN, "--all", "--yes")["freed_bytes"] == 0
        taken_up = InterruptedDownload(cache=home.cache, path=part, sha256="9" * 64, size_bytes=4000)
        assert not remove_part(taken_up), "also where it began between the plan and the removal"
    assert part.exists()
    assert command.json(*CLEAN, "--yes")["freed_bytes"] == 4000
