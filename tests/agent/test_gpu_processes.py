"""Whose process on the GPU is ours: by number on a host, one of them in a container."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from joulemark.meters.nvml.processes import HOST_PID_NAMESPACE, OurProcesses, parent_of, pid_namespace

if TYPE_CHECKING:
    from pathlib import Path

PARENTS = {11: 10, 12: 11, 20: 1}
RUNNING = {1, 10, 11, 12, 20, 21}
HOST = OurProcesses(pid=10, namespace=HOST_PID_NAMESPACE, parent=PARENTS.get, exists=RUNNING.__contains__)
CONTAINER = OurProcesses(pid=10, namespace=HOST_PID_NAMESPACE - 1, parent=PARENTS.get)


@pytest.mark.parametrize(
    ("pids", "on_host", "in_container", "in_container_at_rest"),
    [
        ([], 0, 0, 0),
        ([10], 0, 0, 1),
        ([11, 12], 0, 1, 2),
        ([10, 20], 1, 1, 2),
        ([20, 20, 21], 2, 1, 2),
        ([10, 20, 22], 1, 2, 3),
        ([0, -1, 2**22 + 1, 2**32 - 1], 0, 0, 0),
    ],
)
def test_foreign_processes_are_counted(
    pids: list[int], on_host: int, in_container: int, in_container_at_rest: int
) -> None:
    assert HOST.foreign(pids) == HOST.foreign(pids, on_gpu=False) == on_host
    assert CONTAINER.foreign(pids) == in_container
    assert CONTAINER.foreign(pids, on_gpu=False) == in_container_at_rest


def test_a_child_is_ours_and_a_parent_is_not() -> None:
    here = OurProcesses(namespace=None)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert here.foreign([os.getpid(), child.pid, os.getppid()]) == 1
    finally:
        child.communicate(b"\n")


def test_what_proc_tells_is_read(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text("7 (a ) (name) S 3 7 7 0", encoding="ascii")
    (tmp_path / "self" / "ns").mkdir(parents=True)
    namespace = tmp_path / "self" / "ns" / "pid"
    namespace.touch()
    assert (parent_of(7, tmp_path), parent_of(8, tmp_path)) == (3, None)
    assert pid_namespace(tmp_path) == namespace.stat().st_ino
    assert pid_namespace(tmp_path / "nowhere") is None
