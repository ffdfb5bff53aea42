"""A file is there whole or not at all, whatever breaks off while it is written; drafts are not left behind."""

from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from joulemark import atomic_file
from joulemark.atomic_file import make_file_once, write_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_what_breaks_off_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    write_file(path, b"old")

    def fails(*_: object) -> None:
        raise OSError(5, "input/output error")

    monkeypatch.setattr(type(path) if step == "replace" else os, step, fails)
    with pytest.raises(OSError, match="input/output"):
        write_file(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


def test_of_many_who_make_a_file_at_once_one_wins_for_all(tmp_path: Path) -> None:
    path, ready = tmp_path / "key", threading.Barrier(8)
    read: list[bytes] = []

    def make(number: int) -> None:
        ready.wait(20)
        make_file_once(path, b"%d" % number, mode=0o600)
        read.append(path.read_bytes())

    threads = [threading.Thread(target=make, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(read) == 8
    assert len(set(read)) == 1
    assert [*tmp_path.iterdir()] == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_everybody_reads_does_so_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_file(tmp_path / "public", b"", ignores_umask=True)
        write_file(tmp_path / "own", b"")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"public": 0o644, "own": 0o600}


def test_each_thread_has_a_draft_of_its_own(tmp_path: Path) -> None:
    drafts = [atomic_file.draft_of(tmp_path / "file")]
    thread = threading.Thread(target=lambda: drafts.append(atomic_file.draft_of(tmp_path / "file")))
    thread.start()
    thread.join(20)
    assert len(set(drafts)) == 2
    assert all(draft.name.startswith(".") for draft in drafts)
