"""JOULEMARK_SUITES: pinned copies are read at start, and a folder that cannot be used is named in one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import joulemark.suite
from joulemark.suite import read_suite
from joulemark_site.environment import BadSetting
from joulemark_site.suite_folders import pinned_suites
from tests.pinned import MANIFEST, pinned_folder, unpinned_folder
from tests.web.test_settings import manage, sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.suite import Suite

ROOT = Path(__file__).parents[2]
NAME = "JOULEMARK_SUITES"
INSTALLED = Path(joulemark.suite.__file__).parent / "data"


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Suite, ...]]:
    """What the setting gives for some folders."""

    def read(*folders: Path | str) -> tuple[Suite, ...]:
        monkeypatch.setenv(NAME, os.pathsep.join(map(str, folders)))
        return pinned_suites(NAME)

    return read


def test_pinned_copies_are_read_in_their_order_and_each_once(
    listed: Callable[..., tuple[Suite, ...]], tmp_path: Path
) -> None:
    old = pinned_folder(tmp_path / "old")
    new = pinned_folder(tmp_path / "new", version="1.20260301", commit="b" * 40)
    assert listed(new, "", old, new) == (read_suite(new), read_suite(old))


def test_a_copy_of_an_installed_pinned_suite_is_that_suite(
    listed: Callable[..., tuple[Suite, ...]], tmp_path: Path
) -> None:
    shutil.copytree(INSTALLED / "demo", tmp_path / "demo", ignore=shutil.ignore_patterns("__pycache__"))
    assert [suite.name for suite in listed(tmp_path / "demo")] == ["demo"]


def test_what_cannot_be_used_is_named(listed: Callable[..., tuple[Suite, ...]], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    unpinned = unpinned_folder(tmp_path / "unpinned")
    first, second = pinned_folder(tmp_path / "first"), pinned_folder(tmp_path / "second", commit="b" * 40)
    spaced = pinned_folder(tmp_path / "spaced", version="1 of May")
    edited = tmp_path / "demo"
    shutil.copytree(INSTALLED / "demo", edited)
    (edited / "notes.txt").write_text("more")
    for folders, words in {
        (tmp_path / "none",): ["there is no folder"],
        (empty,): [str(empty), "has no suite.toml"],
        (unpinned,): ["is not pinned", f"joulemark suite pin {unpinned} --out FOLDER"],
        (first, second): [str(first), str(second), "both suite tiny 1.20260131"],
        (edited,): [str(edited), "one inside the software", "both suite demo 1"],
        (spaced,): ["the version '1 of May'", "lower-case letters"],
    }.items():
        with pytest.raises(BadSetting) as refused:
            listed(*folders)
        assert str(refused.value).startswith(f"{NAME}: ")
        assert [word for word in words if word not in str(refused.value)] == []


def test_a_bad_folder_ends_every_command_with_one_sentence(tmp_path: Path) -> None:
    folder = unpinned_folder(tmp_path / "suite", manifest=MANIFEST.replace('id = "writer"', 'id = "poet"'))
    said = sentence(manage(tmp_path / "data", "check", JOULEMARK_SUITES=str(folder)))
    assert said.startswith(
        f"manage.py: {NAME}: the suite in {folder} cannot be used: Job text_generation/prose"
    )


def test_nothing_is_read_at_start_where_no_folder_is_listed(tmp_path: Path) -> None:
    program = (
        "import sys; sys.path[:0] = ['platform', 'agent']; import joulemark_site.settings as settings;"
        "assert settings.SUITES == (); assert 'msgspec' not in sys.modules"
    )
    env = {"PATH": os.environ["PATH"], "JOULEMARK_DATA_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=env, check=True, timeout=60)
