"""Interrupted, killed, out of disk: what is finished stays finished, and every job is there exactly once."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from joulemark import durable
from joulemark.errors import RunInProgress, StorageError
from tests.agent import fake_suite

if TYPE_CHECKING:
    from joulemark.config import Folders
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform

ROOT = Path(__file__).parents[2]


def in_a_process(*words: str, stop: str | None = None) -> subprocess.CompletedProcess[str]:
    """The agent in a process of its own, which a signal may end at one answer of one job."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "agent")]))
    if stop is not None:
        environment["JOULEMARK_TEST_STOP"] = stop
    command = [sys.executable, str(ROOT / "tests" / "agent" / "run_agent.py"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def jobs_received(platform: FakePlatform, agent: Agent) -> list[str]:
    kept = {one.digest: one.bundle.statement().predicate.workload for one in agent.outbox.results()}
    return sorted(
        f"{kept[digest].task}/{kept[digest].dataset}/{kept[digest].model}" for digest in platform.results
    )


@pytest.mark.processes
@pytest.mark.parametrize(
    ("name", "code"), [("SIGKILL", -signal.SIGKILL), ("SIGINT", 130)], ids=["kill -9", "Ctrl-C"]
)
def test_a_run_that_was_cut_off_is_resumed(
    enrolled: Agent, platform: FakePlatform, name: str, code: int
) -> None:
    cut = in_a_process("run", "--meter", "estimate", "--json", stop=f"large:sorting:9:{name}")
    assert cut.returncode == code, cut.stderr
    assert jobs_received(platform, enrolled) == ["sorting/numbers/small"]
    resumed = in_a_process("run", "--meter", "estimate", "--json")
    assert resumed.returncode == 0, resumed.stderr
    rows = json.loads(resumed.stdout)["results"]
    assert [(row["job"], row["resumed"]) for row in rows] == [
        ("sorting/numbers/small", True),
        ("sorting/numbers/large", False),
        ("writing/letters/small", False),
    ]
    assert jobs_received(platform, enrolled) == sorted(job.key for job in fake_suite.JOBS)


@pytest.mark.processes
def test_ctrl_c_says_what_is_kept_and_answers_in_json(enrolled: Agent) -> None:
    cut = in_a_process("run", "--meter", "estimate", "--json", stop="large:sorting:9:SIGINT")
    answer = json.loads(cut.stdout)
    assert answer["error"]["code"] == "interrupted"
    assert len(answer["results"]) == 1
    assert "1 finished result is stored; run the same command again to resume" in cut.stderr


@pytest.mark.processes
def test_ctrl_c_is_heard_where_the_tests_own_parent_ignores_it(enrolled: Agent) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        cut = in_a_process("run", "--meter", "estimate", stop="large:sorting:9:SIGINT")
    finally:
        signal.signal(signal.SIGINT, before)
    assert cut.returncode == 130, cut.stderr


def test_killed_between_keeping_and_sending(enrolled: Agent, platform: FakePlatform) -> None:
    """As if killed between write and upload: the next run sends it and measures only the rest."""
    enrolled("run", "--meter", "estimate", "--no-submit", "--only", "sorting/*")
    assert not platform.results
    assert enrolled("run", "--meter", "estimate") == 0
    assert jobs_received(platform, enrolled) == sorted(job.key for job in fake_suite.JOBS)


def test_two_runs_at_once_are_refused(enrolled: Agent) -> None:
    from joulemark.session.machine_lock import only_run

    with only_run():
        answer = enrolled.json("run", "--meter", "estimate")
    assert enrolled.code == 7
    assert answer["error"]["code"] == "run-in-progress"


def test_two_users_cannot_measure_at_once(
    enrolled: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from joulemark.session.machine_lock import only_run

    with only_run():
        for kind in ("CONFIG", "STATE", "CACHE"):
            monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / "another" / kind.lower()))
        assert enrolled("run", "--offline", "--meter", "estimate") == 7


def test_every_user_can_lock_whatever_the_umask_of_the_first(tmp_path: Path, home: Folders) -> None:
    from joulemark.session.machine_lock import NAME, only_run

    before = os.umask(0o077)
    try:
        with only_run():
            assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o444
    finally:
        os.umask(before)
    with only_run():
        pass


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path, enrolled: Agent) -> None:
    from joulemark.session.machine_lock import NAME

    (tmp_path / NAME).symlink_to(tmp_path / "victim")
    answer = enrolled.json("run", "--meter", "estimate")
    assert enrolled.code == 8
    assert str(tmp_path / NAME) in answer["error"]["sentence"]
    assert not (tmp_path / "victim").exists()


def test_a_lock_that_was_removed_while_it_was_taken_is_taken_anew(
    tmp_path: Path, home: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    from joulemark.session import machine_lock

    real, calls = machine_lock._opened, []

    def opened_and_removed(path: Path) -> int:
        descriptor = real(path)
        calls.append(path)
        if len(calls) == 1:
            path.unlink()
        return descriptor

    monkeypatch.setattr(machine_lock, "_opened", opened_and_removed)
    with machine_lock.only_run(), pytest.raises(RunInProgress), machine_lock.only_run():
        pytest.fail("two runs hold the right to measure")
    assert len(calls) == 3


def fail_writes(monkeypatch: pytest.MonkeyPatch, *, of: bytes, times: int) -> None:
    """The disk is full for the next `times` writes of something that begins with `of`."""
    real = os.write
    left = [times]

    def write(descriptor: int, data: bytes) -> int:
        if bytes(data[: len(of)]) == of and left[0] > 0:
            left[0] -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)

    monkeypatch.setattr("joulemark.durable.os.write", write)


BUNDLE = b'{"format":"joulemark-bundle/1"'


def test_a_disk_that_fills_up_costs_the_reserve_and_not_the_result(
    enrolled: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_writes(monkeypatch, of=BUNDLE, times=1)
    assert enrolled("run", "--meter", "estimate") == 0
    assert len(platform.results) == 3


def test_a_full_disk_ends_the_run_and_what_was_kept_stays(
    enrolled: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled("run", "--meter", "estimate", "--only", "sorting/numbers/small")
    before = {path.name: path.read_bytes() for path in enrolled.outbox.folder.iterdir()}
    with monkeypatch.context() as full:
        fail_writes(full, of=BUNDLE, times=100)
        answer = enrolled.json("run", "--meter", "estimate")
    assert enrolled.code == 8
    assert answer["error"]["code"] == "disk-full"
    assert "Free some space" in enrolled.err
    assert {path.name: path.read_bytes() for path in enrolled.outbox.folder.iterdir()} == before
    assert enrolled("run", "--meter", "estimate") == 0
    assert jobs_received(platform, enrolled) == sorted(job.key for job in fake_suite.JOBS)


def test_no_room_for_a_result_is_known_before_measuring(
    enrolled: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*words: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("joulemark.durable.os.posix_fallocate", full)
    assert enrolled("run", "--meter", "estimate") == 8
    assert not platform.tickets


def test_a_failing_sync_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    durable.write(path, b"old")

    def fails(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("joulemark.durable.os.fsync", fails)
    with pytest.raises(StorageError, match="cannot be written"):
        durable.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
